// Searches that stop runs, with runs that really train: what rungs go on from, and what the median rule stops and leaves behind.
import { join } from 'node:path';
import { loopLM } from '@looplab/core';
import { entropyRegularised } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { defineStudy, type EvalRecord, readEvaluations, readJsonLines, readStatus } from '@looplab/train';
import { expect, test, vi } from 'vitest';
import { tempDir } from '../test/tempDir.ts';
import { planSweep, type SweepPlanOptions } from './plan/sweepPlan.ts';
import { asha } from './search/asha.ts';
import { grid } from './search/listed.ts';
import { medianStopping } from './search/medianStopping.ts';
import { logUniform } from './space/dimension.ts';
import { runSweep } from './sweep.ts';
import type { SweepRow } from './sweepTable.ts';

// Each run is a process, which on a busy machine takes seconds to begin.
vi.setConfig({ testTimeout: 120_000 });

const [batch, seq, steps] = [4, 4, 24];
const study = defineStudy({
  name: 'tiny',
  task: groupWords({ group: 'S3', seq }),
  model: { dModel: 8, heads: 2, layers: 1, loops: 2, dFF: 8 },
  strategy: loopLM(),
  objective: entropyRegularised(),
  train: { steps, batch, lr: 0.01, warmup: 2, evalEvery: 4, evalBatches: 2, checkpointEvery: 100, logEvery: 1 },
});

async function train(results: string, options: SweepPlanOptions): Promise<readonly SweepRow[]> {
  const plan = planSweep(study, { metric: 'loss', code: 'test', ...options });
  const { rows, end } = await runSweep(plan, { results, device: 'cpu', workers: 2, output: { write: () => {} } });
  expect(end).toBe('complete');
  return rows;
}

const dirOf = (results: string, { run }: SweepRow): string => join(results, 'tiny', run);
const metrics = (dir: string) => readJsonLines(join(dir, 'metrics.jsonl'));
const events = (dir: string) =>
  readJsonLines(join(dir, 'events.jsonl'))
    .filter((e) => e.event !== 'checkpoint')
    .map((e) => [e.event, e.step]);
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);
/** Metrics without what depends on the clock. */
const numbers = (dir: string) => metrics(dir).map(({ time: _t, tokensPerSecond: _s, ...rest }) => rest);
const only = (rows: readonly SweepRow[], status: string): SweepRow => {
  const [row, ...more] = rows.filter((r) => r.status === status);
  if (row === undefined || more.length > 0) throw new Error(`one run was to be ${status}: ${JSON.stringify(rows)}`);
  return row;
};

test('the run that ASHA takes a rung up goes on at the step where its rung ended, as if it had never stopped', async () => {
  const results = tempDir();
  const search = asha({ 'train.lr': logUniform(1e-3, 0.1) }, { trials: 2, eta: 2, rungs: 2, parallel: 2 });
  const rows = await train(results, { search });
  expect(rows).toHaveLength(2);
  const [best, other] = [only(rows, 'finished'), only(rows, 'pruned')];

  const dir = dirOf(results, best);
  expect(events(dir)).toEqual([
    ['started', 0],
    ['pruned', 12],
    ['resumed', 12],
    ['finished', undefined],
  ]);
  const updates = metrics(dir).filter((m) => m.kind === 'train');
  expect(updates.map((m) => m.step)).toEqual(upTo(steps)); // each once, none twice
  expect(updates.map((m) => m.tokens)).toEqual(upTo(steps).map((step) => step * batch * seq));
  const times = updates.map((m) => Number(m.time));
  expect(times).toEqual([...times].sort((a, b) => a - b));

  const left = dirOf(results, other);
  expect(metrics(left).at(-1)).toMatchObject({ kind: 'eval', step: 12 });
  expect(readStatus(left)).toMatchObject({ status: 'pruned', step: 12 });
  // the same command would not go on
  expect(readStatus(left)?.error).toBe(`the rung ends after step 12 of ${steps}; the state is saved in ${left}`);
  const at12 = (d: string) => readEvaluations(d).find((e) => e.step === 12)?.loss ?? Number.NaN;
  expect(at12(dir)).toBeLessThan(at12(left));

  const whole = tempDir();
  const [alone] = await train(whole, { search: grid({ 'train.lr': [best.point['train.lr'] ?? 0] }) });
  expect(alone).toMatchObject({ run: best.run, status: 'finished' });
  expect(numbers(dir)).toEqual(numbers(dirOf(whole, best)));
});

test('the median rule stops a run where it falls behind, with its state saved, and it stays stopped', async () => {
  const results = tempDir();
  const search = medianStopping(grid({ 'train.lr': [0.03, 1e-7] }), { minRuns: 1, parallel: 1 });
  const rows = await train(results, { search });
  const [good, bad] = [only(rows, 'finished'), only(rows, 'pruned')];
  expect(bad.point).toEqual({ 'train.lr': 1e-7 });

  // Golovin et al. 2017: the best so far is worse than the mean so far of the (one) earlier run
  const [model, curve] = [good, bad].map((row) => readEvaluations(dirOf(results, row)));
  const isBehind = (step: number): boolean => {
    const losses = (of: readonly EvalRecord[] = []) => of.filter((e) => e.step <= step).map((e) => e.loss);
    const before = losses(model);
    return Math.min(...losses(curve)) > before.reduce((a, b) => a + b, 0) / before.length;
  };
  const looks = [4, 8, 12, 16, 20];
  const at = looks.find(isBehind);
  expect(at).toBeDefined();
  expect(curve?.map((e) => e.step)).toEqual(looks.filter((step) => step <= (at ?? 0)));

  const dir = dirOf(results, bad);
  expect(events(dir)).toEqual([
    ['started', 0],
    ['pruned', at],
  ]);
  expect(readStatus(dir)).toMatchObject({
    ...{ status: 'pruned', step: at },
    error: `pruned by the median rule after step ${at} of ${steps}; the state is saved in ${dir}`,
  });
  expect(readJsonLines(join(dir, 'events.jsonl')).findLast((e) => e.event === 'checkpoint')?.step).toBe(at);

  const before = metrics(dir);
  expect(await train(results, { search })).toEqual(rows);
  expect(metrics(dir)).toEqual(before);
});
