// What a plan lists and costs, against counts and formulas.
import { planFlops, planRun } from '@looplab/train';
import { expect, test } from 'vitest';
import { fakeStudy, fakeWorker } from '../../test/fakeStudy.ts';
import { tempDir } from '../../test/tempDir.ts';
import { asha } from '../search/asha.ts';
import { grid } from '../search/listed.ts';
import { tpe } from '../search/tpe.ts';
import { logUniform } from '../space/dimension.ts';
import { runSweep, shareOf } from '../sweep.ts';
import { estimateSweep, timed, typicalRun } from './estimate.ts';
import { measureStep } from './measureStep.ts';
import { planSweep } from './sweepPlan.ts';

const on = (results: string) => ({ results, workers: 2, threads: 1 });
const one = planFlops(planRun({ ...fakeStudy, study: 'fake', seed: 0 }));
const space = { 'train.lr': logUniform(1e-4, 1) };

test('lists every run with its work, and leaves out what is done', async () => {
  const results = tempDir();
  const plan = planSweep(fakeStudy, { search: grid({ 'train.steps': [20, 40] }), seeds: 2, code: 'test' });
  const before = estimateSweep(plan, on(results));
  expect(before.runs.map((r) => [r.seed, r.until, r.status])).toEqual([
    [0, 20, 'planned'],
    [1, 20, 'planned'],
    [0, 40, 'planned'],
    [1, 40, 'planned'],
  ]);
  expect(before.flops).toBe(6 * one);
  expect(timed(before, { secondsPerStep: 1, flopsPerSecond: one }).seconds).toBe(3);
  await runSweep(plan, { results, worker: fakeWorker, device: 'cpu' });
  expect(estimateSweep(plan, on(results))).toMatchObject({ done: 4, flops: 0 });
});

test('counts the trials of an adaptive search, and the shorter runs of its rungs', () => {
  const results = tempDir();
  const byTpe = estimateSweep(planSweep(fakeStudy, { search: tpe(space, { trials: 15 }) }), on(results));
  expect(byTpe).toMatchObject({ isExample: true, flops: 15 * one });
  expect(byTpe.runs).toHaveLength(15);
  const byAsha = estimateSweep(planSweep(fakeStudy, { search: asha(space, { trials: 9, rungs: 2 }) }), on(results));
  expect(byAsha.runs).toHaveLength(9);
  expect(byAsha.runs.filter((r) => r.until === 20).length).toBeGreaterThanOrEqual(3);
  expect(byAsha.flops).toBeLessThan(0.8 * 9 * one);
});

test('takes the run in the middle for the typical one', () => {
  const plan = planSweep(fakeStudy, { search: grid({ 'train.batch': [1, 64, 4] }) });
  expect(typicalRun(plan)?.train.batch).toBe(4);
});

test('measures an update of a real run and leaves nothing behind', async () => {
  const plan = planRun({ ...fakeStudy, study: 'fake', seed: 0 });
  const { secondsPerStep, flopsPerSecond } = await measureStep(plan, { device: 'cpu', threads: 1 });
  expect(secondsPerStep).toBeGreaterThan(0);
  expect(secondsPerStep).toBeLessThan(30);
  expect(flopsPerSecond * secondsPerStep).toBeCloseTo(one / 20, 6);
});

test('gives many small runs a thread each, and one run all cores', () => {
  const many = planSweep(fakeStudy, { seeds: 1000 });
  const cores = shareOf(many, {}).workers;
  expect(shareOf(many, {})).toEqual({ workers: cores, threads: 1 });
  expect(shareOf(planSweep(fakeStudy), {})).toEqual({ workers: 1, threads: cores });
  expect(shareOf(many, { threads: cores })).toEqual({ workers: 1, threads: cores });
  expect(shareOf(many, { workers: 3, threads: 5 })).toEqual({ workers: 3, threads: 5 });
});
