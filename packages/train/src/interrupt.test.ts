// Signals as aborts; the processes of killed.test.ts show the rest.
import { expect, test } from 'vitest';
import { CancelledError } from './errors.ts';
import { listenForInterrupt } from './interrupt.ts';

test('the first signal aborts with the exit code of shells and gives the signals back', () => {
  for (const [name, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const before = process.listenerCount(name);
    const heard: string[] = [];
    const { signal } = listenForInterrupt((s) => heard.push(s));
    expect(signal.aborted).toBe(false);
    process.emit(name);
    expect(heard).toEqual([name]);
    expect(signal.reason).toBeInstanceOf(CancelledError);
    expect(signal.reason).toMatchObject({ exitCode });
    expect(process.listenerCount(name)).toBe(before); // a second signal ends the process
  }
});

test('restore stops listening', () => {
  const before = process.listenerCount('SIGINT');
  const { signal, restore } = listenForInterrupt();
  restore();
  expect(process.listenerCount('SIGINT')).toBe(before);
  expect(signal.aborted).toBe(false);
});
