// Operating points of exit rules meet at their mean cost, each seed once.
import { from } from 'arquero';
import { expect, it } from 'vitest';
import { exitPoints } from './exitPoints.ts';

// thresholds 1 and 2 lead to the same depth in every seed
const points = from(
  [0, 1].flatMap((seed) =>
    [0, 1, 2].map((threshold) => ({
      ...{ variant: 'v', seed, rule: 'kl', threshold, accuracy: 0.1 * threshold },
      ...{ loops: threshold === 0 ? 2 + seed : 4, flops: threshold === 0 ? 20 + 10 * seed : 41 },
    })),
  ),
);

it('places seeds at their mean loops, or FLOPs, and leaves out thresholds that cost the same', () => {
  const rows = exitPoints(points, { 'kl v': 'KL' }).objects() as { series: string; seed: number; loops: number }[];
  expect(rows.map((r) => [r.series, r.seed, r.loops])).toEqual([
    ['KL', 0, 2.5],
    ['KL', 1, 2.5],
    ['KL', 0, 4],
    ['KL', 1, 4],
  ]);
  const flops = exitPoints(points, { 'kl v': 'KL' }, 'flops').objects() as { flops: number; accuracy: number }[];
  expect(flops.map((r) => [r.flops, r.accuracy])).toEqual([
    [25, 0],
    [25, 0],
    [41, 0.1],
    [41, 0.1],
  ]);
});

it('leaves out rules that have no name', () => {
  expect(exitPoints(points, { 'kl other': 'KL' }).numRows()).toBe(0);
});
