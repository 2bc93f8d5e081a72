// The progress bar on a terminal and the plain lines elsewhere.
import { expect, test } from 'vitest';
import { bar, clock, progressOn } from './progress.ts';

const output = (isTTY: boolean): { isTTY: boolean; columns: number; text: string; write(t: string): void } => ({
  isTTY,
  columns: 60,
  text: '',
  write(t) {
    this.text += t;
  },
});

test('elsewhere than on a terminal there are plain lines, one in ten seconds and the last one', () => {
  const out = output(false);
  let now = 0;
  const progress = progressOn('mano', out, () => now);
  for (let step = 1; step <= 100; step++, now += 1000) {
    progress.update({ step, steps: 100, facts: ['loss 1.00'], rate: 1 });
  }
  progress.end();
  const lines = out.text.trimEnd().split('\n');
  expect(lines).toHaveLength(11);
  expect(lines[0]).toBe('mano 1/100  loss 1.00  1:39 left');
  expect(lines.at(-1)).toBe('mano 100/100  loss 1.00');
  expect(out.text).not.toContain('\u001b');
});

test('on a terminal the bar redraws one line and messages stay above it', () => {
  const out = output(true);
  const progress = progressOn('mano', out, () => 0);
  progress.update({ step: 50, steps: 100, facts: ['loss 1.00'], rate: 0 });
  progress.line('saved');
  progress.update({ step: 60, steps: 100, facts: [], rate: 0 });
  progress.end();
  const redraws = out.text.split('\r\u001b[2K');
  expect(redraws.map((t) => t.replace(/[━─]+/, 'BAR'))).toEqual([
    '',
    'mano BAR 50/100  loss 1.00',
    'saved\n',
    'mano BAR 60/100',
    '',
  ]);
});

test('the bar never exceeds the terminal', () => {
  const state = { step: 5, steps: 10, facts: ['loss 1.2345', 'accuracy 0.99'], rate: 2 };
  for (const columns of [10, 20, 40, 80, 200])
    expect(bar('a-long-study-name', state, columns).length).toBeLessThan(columns);
  expect(bar('x', state, 200)).toContain('━━━━━━━━━━━━━━━───────────────');
});

test('clock', () => {
  expect([0, 59.6, 61, 3600, 36_061, 172_800 + 3 * 3600].map(clock)).toEqual([
    '0:00',
    '1:00',
    '1:01',
    '1:00:00',
    '10:01:01',
    '2 d 3 h',
  ]);
});
