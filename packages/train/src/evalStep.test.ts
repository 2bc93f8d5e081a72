// Evaluation against closed forms: a model that knows nothing, a gate that is constant.
import {
  type Batch,
  fixedLoops,
  fold,
  type Hidden,
  initParams,
  key,
  loopLM,
  loopPlan,
  type ModelConfig,
  modelConfig,
  type Noise,
  type Params,
  paramSpecs,
  plain,
  type Strategy,
} from '@looplab/core';
import { compile, useDevice } from '@looplab/engine';
import type { Task, TaskBatch } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { type EvalSums, evalDepth, evalStep, evaluate } from './evalStep.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const VOCAB = 5;
const config = (loops: number): ModelConfig =>
  modelConfig({ vocab: VOCAB, dModel: 8, heads: 2, layers: 1, loops, dFF: 8 });

/** Two rows of four symbols a batch; every third position is not scored, targets are 0, 1, 2, ... in turn. */
const task = (more: Partial<Task> = {}): Task => ({
  name: 'counting',
  vocab: VOCAB,
  seq: 4,
  chance: 0.2,
  metric: 'accuracy',
  config: { name: 'counting' },
  train: () => batchOf(0),
  validation: (index) => batchOf(index),
  decode: () => '',
  ...more,
});
const batchOf = (index: number): TaskBatch => ({
  ids: Int32Array.from({ length: 8 }, (_, i) => (i * 7 + index) % VOCAB),
  targets: Int32Array.from({ length: 8 }, (_, i) => (i + index) % VOCAB),
  weights: Float32Array.from({ length: 8 }, (_, i) => (i % 3 === 2 ? 0 : 1)),
  batch: 2,
  seq: 4,
});

/** A model that knows nothing: equal logits for every symbol, and a gate that stops with probability `lambda`. */
function blank(model: ModelConfig, lambda: number): Params {
  const params = initParams(paramSpecs(model, loopLM()), key(0));
  const zero = (name: string) => tf.zerosLike(params[name] as tf.Tensor);
  return {
    ...params,
    'lm_head.weight': zero('lm_head.weight'),
    'model.early_exit_gate.weight': zero('model.early_exit_gate.weight'),
    'model.early_exit_gate.bias': tf.tensor1d([Math.log(lambda / (1 - lambda))]),
  };
}

const on = (model: ModelConfig, loops = model.loops) => ({
  ...{ model, strategy: loopLM(), task: task(), params: blank(model, 0.25) },
  ...{ batch: 2, batches: 3, loops, key: fold(key(0), 'evaluation') },
});

test('equal logits give log V at every loop, and the accuracy of always saying 0', async () => {
  const model = config(3);
  const result = await evaluate(compile(evalStep(model, loopLM(), 3)), on(model));
  // scored positions are 0, 1, 3, 4, 6, 7; the target is 0 where (i + batch) mod 5 is 0
  const zeros = [0, 1, 2].flatMap((b) => [0, 1, 3, 4, 6, 7].filter((i) => (i + b) % VOCAB === 0)).length;
  for (const loss of result.lossPerLoop) expect(loss).toBeCloseTo(Math.log(VOCAB), 6);
  for (const accuracy of result.accuracyPerLoop) expect(accuracy).toBeCloseTo(zeros / 18, 6);
  expect(result.lossPerLoop).toHaveLength(3);
  expect(result.loss).toBe(result.lossPerLoop[2]);
});

test('a constant gate gives the geometric exit distribution with the rest at the end', async () => {
  const model = config(3);
  const { exitDistribution, expectedLoops } = await evaluate(compile(evalStep(model, loopLM(), 3)), on(model));
  [0.25, 0.75 * 0.25, 0.75 * 0.75].forEach((p, t) => {
    expect(exitDistribution[t]).toBeCloseTo(p, 6);
  });
  expect(expectedLoops).toBeCloseTo(0.25 + 2 * 0.1875 + 3 * 0.5625, 6);
});

test('deeper loops than trained are read, while loss, accuracy and exits stay at the trained depth', async () => {
  const model = config(2);
  const strategy = loopLM();
  const params = initParams(paramSpecs(model, strategy), key(5));
  const loops = evalDepth(model, strategy, 4);
  expect(loops).toBe(4);
  const deep = await evaluate(compile(evalStep(model, strategy, loops)), { ...on(model, loops), params });
  const flat = await evaluate(compile(evalStep(model, strategy, 2)), { ...on(model), params });
  expect(deep.lossPerLoop).toHaveLength(4);
  expect(deep.lossPerLoop.slice(0, 2)).toEqual(flat.lossPerLoop);
  expect([deep.loss, deep.accuracy]).toEqual([flat.loss, flat.accuracy]);
  expect(deep.exitDistribution).toEqual(flat.exitDistribution);
});

test('of several trajectories each row is read in the one that is chosen', async () => {
  const model = config(2);
  const noChoice = fixedLoops();
  /** Two trajectories from the embedding and from nothing; the first row takes the second. */
  const pair: Strategy<Hidden> = {
    ...noChoice,
    id: 'pair',
    plan: ({ loops }) => ['e', '0'].map((tag) => ({ ...loopPlan(loops), tag })),
    init: (ctx, plan) => ({ h: plan.tag === 'e' ? ctx.e : tf.zerosLike(ctx.e) }),
    step: (s, _k, ctx) => ({ h: ctx.core(tf.add(s.h, ctx.e)) }),
    choose: () => tf.tensor2d([1, 0], [2, 1], 'int32'),
  };
  const only = (tag: string): Strategy<Hidden> => ({
    ...pair,
    plan: ({ loops }) => [{ ...loopPlan(loops), tag }],
  });
  const params = initParams(paramSpecs(model, pair), key(5));
  const rowOnly = (row: number) =>
    task({
      validation: (index) => {
        const b = batchOf(index);
        return { ...b, weights: b.weights.map((w, i) => (Math.floor(i / 4) === row ? w : 0)) };
      },
    });
  const result = (strategy: Strategy<Hidden>, data = task()) =>
    evaluate(compile(evalStep(model, strategy, 2)), { ...on(model), strategy, params, task: data });
  const both = await result(pair);
  const first = await result(only('0'), rowOnly(0));
  const second = await result(only('e'), rowOnly(1));
  both.lossPerLoop.forEach((loss, t) => {
    // each row has three scored positions
    expect(loss).toBeCloseTo(((first.lossPerLoop[t] ?? 0) + (second.lossPerLoop[t] ?? 0)) / 2, 5);
  });
  const { choose: _, ...silent } = pair;
  expect((await result(silent)).lossPerLoop).toEqual((await result(only('e'))).lossPerLoop);
});

test('batches are evaluated as the stage rewrites them', async () => {
  const model = config(1);
  const params = blank(model, 0.5);
  const one = (batch: Batch): Batch => ({ ...batch, targets: tf.zerosLike(batch.targets) });
  const { accuracy } = await evaluate(compile(evalStep(model, loopLM(), 1, one)), { ...on(model), params });
  expect(accuracy).toBe(1); // equal logits say 0
});

test('a model without a gate or read-outs is read at its end', async () => {
  const model = config(1);
  const strategy = plain();
  expect(evalDepth(model, strategy, 8)).toBe(1);
  const params = initParams(paramSpecs(model, strategy), key(0));
  const result = await evaluate(compile(evalStep(model, strategy, 1)), { ...on(model), strategy, params });
  expect(result).toMatchObject({ exitDistribution: [], expectedLoops: 1 });
  expect(result.accuracyPerLoop).toHaveLength(1);
});

test('bytes are scored in bits', async () => {
  const model = config(2);
  const text = task({ metric: 'bitsPerByte' });
  const result = await evaluate(compile(evalStep(model, loopLM(), 2)), { ...on(model), task: text });
  expect(result.bitsPerByte).toBeCloseTo(Math.log2(VOCAB), 6);
});

test('held-out data that ends is read once', async () => {
  const model = config(1);
  const seen: number[] = [];
  const short = task({
    validationRows: 3,
    validation: (index) => {
      seen.push(index);
      return batchOf(index);
    },
  });
  await evaluate(compile(evalStep(model, loopLM(), 1)), { ...on(model), task: short, batches: 50 });
  expect(seen).toEqual([0, 1]);
});

test('every held-out batch has noise of its own, the same in each evaluation', async () => {
  const model = config(2);
  const strategy: Strategy = {
    ...loopLM(),
    noise: () => [{ name: 'z', law: 'normal', per: 'batch', shape: [3] }],
  };
  const drawn = async (): Promise<string[]> => {
    const seen: string[] = [];
    const step = async (_: Params, _batch: Batch, noise: Noise): Promise<EvalSums> => {
      seen.push(String(await noise.z?.data()));
      return { nll: tf.zeros([2]), correct: tf.zeros([2]), exit: tf.zeros([2]), weight: tf.scalar(1) };
    };
    await evaluate(step, { ...on(model), strategy });
    return seen;
  };
  const first = await drawn();
  expect(new Set(first).size).toBe(3);
  expect(await drawn()).toEqual(first);
});

test('no tensors are left behind', async () => {
  const model = config(2);
  const step = compile(evalStep(model, loopLM(), 2));
  const inputs = on(model);
  const count = tf.memory().numTensors;
  await evaluate(step, inputs);
  expect(tf.memory().numTensors).toBe(count);
});
