// Models from run folders: the right parameters, and what to do where there are none.
import { join } from 'node:path';
import { fixedLoops, loopLM, runTrace } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { entropyRegularised, lastLoop } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { beforeAll, expect, test } from 'vitest';
import { batchTensors } from './batch.ts';
import { defineStudy } from './defineStudy.ts';
import { loadRun } from './loadRun.ts';
import { tempDir } from './testing/tempDir.ts';
import { type TrainRunOptions, trainRun } from './trainRun.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const task = groupWords({ group: 'Z2', seq: 4 });
const run = (dir: string, more: Partial<TrainRunOptions> = {}): TrainRunOptions => ({
  task,
  model: { dModel: 8, heads: 2, layers: 1, loops: 2, dFF: 8 },
  strategy: loopLM(),
  objective: entropyRegularised(),
  train: { steps: 6, batch: 4, lr: 0.01, warmup: 2, evalEvery: 3, evalBatches: 1, checkpointEvery: 3 },
  seed: 3,
  dir,
  ...more,
});

test('gives the model that was evaluated last', async () => {
  const dir = join(tempDir(), 'run');
  const { evaluation } = await trainRun(run(dir));
  const { model, strategy, params, step, seed, ...rest } = loadRun(dir);
  expect({ step, seed, id: strategy.id, task: rest.task.config }).toEqual({
    step: 6,
    seed: 3,
    id: 'loopLM',
    task: task.config,
  });
  const batch = batchTensors(rest.task.validation(0, 4));
  const traces = runTrace(model, strategy, params, batch, { train: false });
  const [loss] = await lastLoop().terms(traces, batch).total.data();
  expect(loss).toBeCloseTo(evaluation.loss, 5);
  expect(evaluation.step).toBe(6);
  expect(loadRun(dir, { checkpoint: 3 }).step).toBe(3);
  expect([3, 6]).toContain(loadRun(dir, { checkpoint: 'best' }).step);
});

test('says what is missing', async () => {
  const dir = join(tempDir(), 'run');
  expect(() => loadRun(dir)).toThrow(/is not a run folder: its config\.json is missing/);
  const mine = { ...fixedLoops(), id: 'mine' };
  await trainRun(run(dir, { strategy: mine, objective: lastLoop() }));
  expect(() => loadRun(dir)).toThrow('strategy mine is not in the registry; name the study file that brings it');
  const { model, train } = run(dir);
  const study = defineStudy({ name: 's', task, model, train, strategy: mine, objective: lastLoop() });
  expect(loadRun(dir, { study }).strategy.id).toBe('mine');
  const plain = { name: 's', task, model, train, strategy: fixedLoops(), objective: lastLoop() };
  for (const scale of [{ strategy: mine }, { variants: { a: {}, b: { strategy: mine } } }]) {
    const scaled = defineStudy({ ...plain, scales: { tiny: {}, small: scale } });
    expect(loadRun(dir, { study: scaled }).strategy.id).toBe('mine');
  }
  expect(() => loadRun(dir, { study, checkpoint: 4 })).toThrow(
    /has no checkpoint of step 4; it has those of steps 3, 6/,
  );
});
