// When a signal ends the process: at once if nobody saves anything, else the second time, and twins count once.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { endAtSignals } from './interrupts.ts';

let before: { [name: string]: NodeJS.SignalsListener[] };
let time = 0;
const exit = vi.spyOn(process, 'exit').mockImplementation((() => undefined) as never);

beforeEach(() => {
  before = { SIGINT: process.listeners('SIGINT'), SIGTERM: process.listeners('SIGTERM') };
  for (const name of ['SIGINT', 'SIGTERM']) process.removeAllListeners(name);
  exit.mockClear();
  time = 0;
  endAtSignals(() => time);
});

afterEach(() => {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.removeAllListeners(name);
    for (const listener of before[name] ?? []) process.on(name, listener);
  }
});

it('ends at once where nobody else listens', () => {
  process.emit('SIGTERM');
  expect(exit).toHaveBeenCalledExactlyOnceWith(143);
});

it('leaves the first signal to whoever saves the state, and ends at a later one', () => {
  const save = vi.fn(() => process.off('SIGINT', save));
  process.on('SIGINT', save);
  process.emit('SIGINT');
  time = 900; // the same Ctrl-C, passed on
  process.emit('SIGINT');
  expect(save).toHaveBeenCalledOnce();
  expect(exit).not.toHaveBeenCalled();
  time = 1100;
  process.emit('SIGINT');
  expect(exit).toHaveBeenCalledExactlyOnceWith(130);
});
