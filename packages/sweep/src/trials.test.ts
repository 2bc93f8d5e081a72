// Means over the seeds of a trial, of what was finished and nothing else.
import { expect, test } from 'vitest';
import type { SweepRow } from './sweepTable.ts';
import { trialsOf } from './trials.ts';

const row = (trial: number, seed: number, more: Partial<SweepRow> = {}): SweepRow => ({
  ...{ run: `r${trial}${seed}`, trial, seed, point: { 'model.loops': trial }, strategy: 'loopLM', objective: 'o' },
  ...{ status: 'finished', step: 4, steps: 4 },
  ...more,
});

test('a mean is over the finished seeds; what the others had measured by then does not count', () => {
  const rows = [
    row(0, 0, { loss: 1 }),
    row(0, 1, { loss: 2 }),
    row(1, 0, { loss: 3 }),
    row(1, 1, { loss: 9, status: 'failed', cause: 'infra', step: 2 }),
    row(1, 2, { loss: 9, status: 'running', step: 2 }),
    row(1, 3, { loss: 9, status: 'pruned', step: 2 }),
    row(2, 0, { loss: 9, status: 'cancelled', step: 2 }),
    row(3, 0, { status: 'planned', step: 0 }),
  ];
  expect(trialsOf(rows, 'loss').map((t) => [t.point, t.finished, t.runs.length, t.mean])).toEqual([
    [{ 'model.loops': 0 }, 2, 2, 1.5],
    [{ 'model.loops': 1 }, 1, 4, 3],
    [{ 'model.loops': 2 }, 0, 1, undefined],
    [{ 'model.loops': 3 }, 0, 1, undefined],
  ]);
});

test('variants of a point are apart, and a metric that a run has not got is in no mean', () => {
  const rows = [row(0, 0, { variant: 'a', accuracy: 1 }), row(0, 0, { variant: 'b' }), row(0, 1, { variant: 'a' })];
  expect(trialsOf(rows, 'accuracy').map((t) => [t.variant, t.finished, t.mean])).toEqual([
    ['a', 2, 1],
    ['b', 1, undefined],
  ]);
  expect(trialsOf([], 'loss')).toEqual([]);
});
