// What a plan lists and costs, against counts and formulas.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineStudy, planFlops, planRun } from '@looplab/train';
import { expect, test, vi } from 'vitest';
import { fakeStudy, fakeWorker } from '../../test/fakeStudy.ts';
import { tempDir } from '../../test/tempDir.ts';
import { asha } from '../search/asha.ts';
import { grid } from '../search/listed.ts';
import { tpe } from '../search/tpe.ts';
import { logUniform } from '../space/dimension.ts';
import { runSweep, shareOf } from '../sweep.ts';
import { estimateSweep, timed, typicalRun } from './estimate.ts';
import { measureStep } from './measureStep.ts';
import { priceSweep } from './priceSweep.ts';
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

test('prices a plan for this machine, by a measured update or without', async () => {
  const results = tempDir();
  const plan = planSweep(fakeStudy, { search: grid({ 'train.steps': [20, 40] }), code: 'test' });
  const options = { results, workers: 2, threads: 1, device: 'cpu' } as const;
  const bare = await priceSweep(plan, { ...options, isMeasured: false });
  expect(bare).toEqual(estimateSweep(plan, on(results)));
  const { step, seconds, ...rest } = await priceSweep(plan, options);
  expect(rest).toEqual(bare);
  expect(seconds).toBeCloseTo((3 * one) / (step?.flopsPerSecond ?? 0) / 2, 9);
  await runSweep(plan, { results, worker: fakeWorker, device: 'cpu' });
  // there is nothing to measure it for
  expect((await priceSweep(plan, options)).seconds).toBeUndefined();
});

test('measures an update of a real run and leaves nothing behind', async () => {
  const plan = planRun({ ...fakeStudy, study: 'fake', seed: 0 });
  const { secondsPerStep, flopsPerSecond } = await measureStep(plan, { device: 'cpu', threads: 1 });
  expect(secondsPerStep).toBeGreaterThan(0);
  expect(secondsPerStep).toBeLessThan(30);
  expect(flopsPerSecond * secondsPerStep).toBeCloseTo(one / 20, 6);
});

test('measures where nobody watches', async () => {
  let requests = 0;
  const server = createServer((_, reply) => {
    requests++;
    reply.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo; // it listens at a port
  vi.stubEnv('MLFLOW_TRACKING_URI', `http://127.0.0.1:${port}`);
  try {
    await measureStep(planRun({ ...fakeStudy, study: 'fake', seed: 0 }), { device: 'cpu', threads: 1 });
    expect(requests).toBe(0);
  } finally {
    vi.unstubAllEnvs();
    server.close();
  }
});

test('gives many small runs a thread each, and one run all cores', () => {
  const many = planSweep(fakeStudy, { seeds: 1000 });
  const cores = shareOf(many, {}).workers;
  expect(shareOf(many, {})).toEqual({ workers: cores, threads: 1 });
  expect(shareOf(planSweep(fakeStudy), {})).toEqual({ workers: 1, threads: cores });
  expect(shareOf(many, { threads: cores })).toEqual({ workers: 1, threads: cores });
  expect(shareOf(many, { workers: 3, threads: 5 })).toEqual({ workers: 3, threads: 5 });
});

test('counts the variants of a point among its runs, or one where they are what is varied', () => {
  const names = Array.from({ length: 1000 }, (_, i) => `v${i}`);
  const { isChecked: _, ...options } = fakeStudy;
  const study = defineStudy({ ...options, variants: Object.fromEntries(names.map((name) => [name, {}])) });
  const cores = shareOf(planSweep(fakeStudy, { seeds: 1000 }), {}).workers;
  expect(shareOf(planSweep(study), {})).toEqual({ workers: cores, threads: 1 });
  const one = planSweep(study, { search: grid({ variant: ['v0'] }) });
  expect(shareOf(one, {})).toEqual({ workers: 1, threads: cores });
});
