// Compiled updates: micro-batches, stages, terms and memory.
import { type Batch, fixedLoops, initParams, key, loopLM, modelConfig, type Params, paramSpecs } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { entropyRegularised, gateImprovement, stepSupervised } from '@looplab/objectives';
import { groupWords, type TaskBatch } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { disposeTree } from './disposeTree.ts';
import { planRun, type RunOptions } from './runPlan.ts';
import { stepper } from './stepper.ts';
import { type TrainState, trainState } from './trainStep.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const task = groupWords({ group: 'S3', seq: 4 });
const base: RunOptions = {
  task,
  model: { dModel: 8, heads: 2, layers: 1, loops: 2, dFF: 8 },
  strategy: loopLM(),
  objective: entropyRegularised(),
  train: { steps: 3, batch: 6, warmup: 0, lr: 0.01 },
  seed: 0,
};

const values = async (params: Params): Promise<Readonly<Record<string, readonly number[]>>> =>
  Object.fromEntries(
    await Promise.all(Object.entries(params).map(async ([name, x]) => [name, [...(await x.data())]] as const)),
  );

/** Three updates; returns the last loss, gradient norm and parameters. */
async function train(options: RunOptions, data: (step: number) => TaskBatch = (s) => task.train(0, s, 6)) {
  const plan = planRun(options);
  const stage = plan.stages[0] as (typeof plan.stages)[number];
  const specs = paramSpecs(plan.model, plan.strategy);
  const params = initParams(specs, key(1));
  const before = await values(params);
  const { state: first, frozen } = trainState(params, stage.trains);
  let state: TrainState = first;
  const updates = stepper(plan, stage);
  let report = { loss: 0, gradNorm: 0 };
  const losses: number[] = [];
  const terms: Record<string, number> = {};
  for (let s = 0; s < 3; s++) {
    const depth = { loops: plan.model.loops, hp: {} };
    const made = await updates.step(state, frozen, { batch: data(s), lr: 0.01, noise: key(s), ...depth });
    state = made.state;
    const { metrics } = made;
    report = { loss: (await metrics.loss.data())[0] ?? 0, gradNorm: (await metrics.gradNorm.data())[0] ?? 0 };
    losses.push(report.loss);
    for (const [name, x] of Object.entries(metrics.terms)) terms[name] = (await x.data())[0] ?? 0;
    disposeTree(metrics);
  }
  const after = await values({ ...frozen, ...state.params });
  disposeTree({ state, frozen });
  return { before, after, terms, losses, ...report };
}

/** Weights that differ from row to row, so that a mean of means is not the mean. */
const uneven = (step: number): TaskBatch => {
  const batch = task.train(0, step, 6);
  return { ...batch, weights: batch.weights.map((_, i) => (i < 8 || i % 3 === 0 ? 1 : 0)) };
};

test('micro-batches change nothing, whatever each of them weighs', async () => {
  const whole = await train(base, uneven);
  for (const microBatches of [2, 3, 6]) {
    const parts = await train({ ...base, train: { ...base.train, microBatches } }, uneven);
    // float32 sums in another order: 1e-5 relative on losses of about 1
    expect(Math.abs(parts.loss - whole.loss)).toBeLessThan(1e-5);
    expect(Math.abs(parts.gradNorm - whole.gradNorm)).toBeLessThan(1e-5);
    expect(Object.keys(parts.terms)).toEqual(Object.keys(whole.terms));
    for (const [name, x] of Object.entries(whole.terms))
      expect(Math.abs((parts.terms[name] ?? 9) - x)).toBeLessThan(1e-5);
    for (const [name, xs] of Object.entries(whole.after)) {
      // Adam divides by the root of the second moment, so rounding of tiny gradients is enlarged up to the rate, 0.01
      xs.forEach((x, i) => {
        expect(Math.abs((parts.after[name]?.[i] ?? 9) - x), name).toBeLessThan(1e-3);
      });
    }
  }
});

test('the loss is the sum of its terms, and falls on a batch seen again', async () => {
  const { loss, terms, losses } = await train(base, () => task.train(0, 0, 6));
  const sum = Object.values(terms).reduce((a, b) => a + b, 0);
  expect(Math.abs(loss - sum)).toBeLessThan(1e-5);
  expect(losses[2]).toBeLessThan(losses[0] ?? 0);
});

test('a stage moves the parameters it names and no others, not even by weight decay', async () => {
  const gate = { name: 'gate', trainable: ['model.early_exit_gate.*'] };
  for (const options of [
    { ...base, stages: [gate] },
    { ...base, objective: gateImprovement() }, // whose gradients reach the gate alone
    { ...base, stages: [{ ...gate, objective: { id: 'gateImprovement' } }] },
  ]) {
    const { before, after } = await train(options);
    const moved = Object.keys(before).filter((name) => `${before[name]}` !== `${after[name]}`);
    expect(moved.sort()).toEqual(['model.early_exit_gate.bias', 'model.early_exit_gate.weight']);
  }
});

test('a stage rewrites its batches inside the update', async () => {
  const swapped = (batch: Batch): Batch => ({ ...batch, ids: batch.targets, targets: batch.ids });
  const by = (b: TaskBatch): TaskBatch => ({ ...b, ids: b.targets, targets: b.ids });
  const data = (step: number): TaskBatch => task.train(0, step, 6);
  const inside = await train({ ...base, stages: [{ name: 'swapped', rewrite: swapped }] }, data);
  const outside = await train(base, (step) => by(data(step)));
  expect(inside.losses).toEqual(outside.losses);
  expect(inside.after).toEqual(outside.after);
  expect(inside.losses).not.toEqual((await train(base, data)).losses);
});

test('an objective that supervises each loop by a step of the chain is given the chain', async () => {
  const relayed = { ...base, strategy: fixedLoops(), objective: stepSupervised() };
  const whole = await train(relayed);
  const parts = await train({ ...relayed, train: { ...base.train, microBatches: 3 } });
  expect(whole.losses[2]).toBeLessThan(whole.losses[0] ?? 0);
  expect(Math.abs(parts.loss - whole.loss)).toBeLessThan(1e-5); // float32 sums in another order
  const { chain: _, ...silent } = task;
  expect(() => planRun({ ...relayed, task: silent })).toThrow(
    'objective stepSupervised needs the steps of a chain of thought, which task groupWords does not have; choose a task that writes one, such as groupWords or mano',
  );
});

test('steps leak no tensors', async () => {
  await train(base);
  const count = tf.memory().numTensors;
  await train(base);
  await train({ ...base, train: { ...base.train, microBatches: 2 } });
  expect(tf.memory().numTensors).toBe(count);
});

test('the model is not asked for its vocabulary', () => {
  expect(planRun(base).model).toEqual(modelConfig({ vocab: 6, dModel: 8, heads: 2, layers: 1, loops: 2, dFF: 8 }));
});
