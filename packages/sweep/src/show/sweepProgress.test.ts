// Progress of sweeps: what is drawn on a terminal, what is printed elsewhere, and how long it will take.
import { expect, test } from 'vitest';
import type { Snapshot } from '../events.ts';
import { secondsLeft, sweepFailures, sweepProgress } from './sweepProgress.ts';

const base: Snapshot = { done: 0, total: 8, failures: 0, elsewhere: 0, running: [], work: { done: 0, total: 800 } };
const half: Snapshot = {
  ...base,
  done: 3,
  failures: 1,
  elsewhere: 1,
  running: [
    { label: 'model.loops=2 seed 0', step: 50, steps: 100, isRunning: true },
    { label: 'model.loops=4 seed 0', step: 0, steps: 100, isRunning: false },
  ],
  work: { done: 200, total: 800 },
};

function screen(isTTY: boolean): {
  out: { isTTY: boolean; columns: number; write: (t: string) => void };
  text: () => string;
} {
  let text = '';
  const write = (t: string): void => {
    text += t;
  };
  return { out: { isTTY, columns: 60, write }, text: () => text };
}

test('a terminal shows the whole and each run, and redraws them in place', () => {
  let now = 0;
  const { out, text } = screen(true);
  const progress = sweepProgress(out, 'loss', () => now);
  progress.begin(base);
  now = 10_000;
  progress.progress(half);
  const block = text().split('\n').slice(1);
  expect(block[0]).toBe(
    '3/8 done, 1 running, 1 waiting or starting, 1 computed by another process, 1 failed  0:30 left'.slice(0, 59),
  );
  expect(block[1]).toBe(`  model.loops=2 seed 0 ${'━'.repeat(14)}${'─'.repeat(14)} 50/100`);
  expect(block[2]).toMatch(/^ {2}model.loops=4 seed 0 ─+ 0\/100$/);
  progress.progress(half); // too soon
  expect(text().split('\n')).toHaveLength(5);
  now = 10_300;
  progress.progress(half);
  expect(text()).toContain('\u001b[3A\r\u001b[J');
  progress.end();
  expect(text().endsWith('\u001b[3A\r\u001b[J')).toBe(true);
});

test('elsewhere a line appears every half minute', () => {
  let now = 0;
  const { out, text } = screen(false);
  const progress = sweepProgress(out, 'loss', () => now);
  progress.begin({ ...base, done: 1 });
  for (; now <= 61_000; now += 1000) progress.progress(half);
  progress.end();
  const lines = text().trimEnd().split('\n');
  expect(lines[0]).toBe('8 runs, 1 done before');
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(/^3\/8 done, .* 1 failed {2}1:30 left$/);
  expect(text()).not.toContain('\u001b');
});

test('without progress, failures are told and nothing else', () => {
  const { out, text } = screen(false);
  const watch = sweepFailures(out);
  const counts = { done: 1, total: 8 };
  // its label is all that is asked of it
  const desk = { label: 'model.loops=2 seed 0' } as Parameters<typeof watch.ended>[0]['desk'];
  watch.begin(base);
  watch.progress(half);
  for (const status of ['finished', 'pruned'] as const)
    watch.ended({ desk, counts, verdict: { status, score: 1, curve: [] } });
  expect(text()).toBe('');
  watch.failed({ desk, error: 'killed by SIGKILL', willRetry: true });
  watch.ended({ desk, counts, verdict: { status: 'failed', score: null, curve: [] }, error: 'no such file' });
  watch.ended({ desk, counts, verdict: { status: 'diverged', score: null, curve: [] } });
  watch.end();
  expect(text().split('\n')).toEqual([
    'model.loops=2 seed 0: killed by SIGKILL; starting it again',
    'model.loops=2 seed 0: failed: no such file',
    'model.loops=2 seed 0: diverged: see its log.txt',
    '',
  ]);
});

test('the rest takes as long as what was done, in proportion', () => {
  expect(secondsLeft(base, base, 10)).toBeUndefined();
  expect(secondsLeft(base, half, 10)).toBe(30);
  // what was done before the start says nothing about the pace
  expect(secondsLeft({ ...base, work: { done: 100, total: 800 } }, half, 10)).toBe(60);
});
