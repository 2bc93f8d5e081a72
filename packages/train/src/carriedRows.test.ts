// States that outlive updates: which rows are renewed, what a checkpoint keeps, and what may not be carried.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixedLoops, type State, type Strategy } from '@looplab/core';
import { tensor, useDevice } from '@looplab/engine';
import { lastLoop } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { CarriedRows } from './carriedRows.ts';
import { listCheckpoints, loadCheckpoint } from './checkpoint.ts';
import { CancelledError } from './errors.ts';
import { toHost } from './hostTensors.ts';
import { planRun, type RunOptions } from './runPlan.ts';
import { tempDir } from './testing/tempDir.ts';
import { type TrainRunOptions, trainRun } from './trainRun.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const task = groupWords({ group: 'S3', seq: 4 });

/** One loop an update; the age counts updates, and a row is done at a random age. */
interface Aged extends State {
  readonly h: tf.Tensor;
  readonly age: tf.Tensor;
}
const segments: Strategy<Aged> = {
  ...(fixedLoops() as unknown as Strategy<Aged>),
  id: 'segments',
  noise: () => [{ name: 'end', per: 'row', shape: [], law: 'uniform' }],
  plan: ({ loops, train }) => [
    { steps: Array.from({ length: train ? 1 : loops }, (_, t) => ({ core: 'core', t, grad: true })) },
  ],
  init: (c) => {
    const zero = { h: tf.zerosLike(c.e), age: tf.zeros([...c.inputs.ids.shape]) };
    if (!c.carry) return zero;
    const { state, fresh } = c.carry;
    const isNew = tf.cast(fresh, 'bool');
    return {
      h: tf.where(tf.expandDims(isNew, 2), zero.h, state.h),
      age: tf.where(isNew, zero.age, state.age),
    };
  },
  step: (s, _k, c) => ({ h: c.core(tf.add(s.h, c.e)), age: tf.add(s.age, 1) }),
  renew: (s, c) => {
    const age = tf.slice(s.age, [0, 0], [-1, 1]);
    return tf.cast(tf.logicalOr(tf.less(c.noise('end'), 0.3), tf.greaterEqual(age, 3)), 'float32');
  },
  stages: [{ name: 'train', trainable: 'all', carry: 'rows' }],
};
const options: RunOptions = {
  task,
  model: { dModel: 8, heads: 2, layers: 1, loops: 3, dFF: 8 },
  strategy: segments as unknown as Strategy,
  objective: lastLoop(),
  train: { steps: 9, batch: 5, warmup: 1, lr: 0.01, evalEvery: 9, evalBatches: 1, checkpointEvery: 4, logEvery: 1 },
  seed: 3,
};

test('rows keep their example until they are done, and take row r of the next batch then', async () => {
  const rows = new CarriedRows(task, 7, 3);
  const row = (xs: ArrayLike<number>, r: number) => Array.from(xs).slice(r * task.seq, (r + 1) * task.seq);
  const at = (step: number) => task.train(7, step, 3).ids;
  const shown = (step: number) => rows.batch(step).ids.slice();
  expect(shown(4)).toEqual(at(4)); // all are new
  const zero = { h: tf.zeros([3, 4, 2]) };
  const done = (flags: number[]) => rows.keep({ state: zero, done: tensor(Float32Array.from(flags), [3, 1]) });
  await done([0, 1, 0]);
  const second = shown(5);
  expect([0, 1, 2].map((r) => row(second, r))).toEqual([row(at(4), 0), row(at(5), 1), row(at(4), 2)]);
  expect([...(await (await rows.carry(async () => zero)).fresh.data())]).toEqual([0, 1, 0]);
  await done([0, 0, 1]);
  const third = shown(6);
  expect([0, 1, 2].map((r) => row(third, r))).toEqual([row(at(4), 0), row(at(5), 1), row(at(6), 2)]);

  const back = CarriedRows.restore(task, 7, JSON.parse(JSON.stringify(rows.state())), await toHost(rows.tensors()));
  await done([1, 0, 0]);
  await back.keep({ state: zero, done: tensor(Float32Array.of(1, 0, 0), [3, 1]) });
  expect(back.batch(7)).toEqual(rows.batch(7));
});

test('a run goes on with the states, ages and examples of its rows, to the same bits', async () => {
  const run = (dir: string, signal?: AbortSignal, onStep?: (at: { step: number }) => void): Promise<unknown> => {
    const all: TrainRunOptions = { ...options, dir, code: 'test', ...(signal ? { signal } : {}) };
    return trainRun({ ...all, callbacks: onStep ? [{ name: 'stop', onStep }] : [] });
  };
  const [whole, stopped] = [join(tempDir(), 'run'), join(tempDir(), 'run')];
  await run(whole);
  for (const at of [2, 6]) {
    const stop = new AbortController();
    await expect(run(stopped, stop.signal, ({ step }) => void (step === at && stop.abort()))).rejects.toThrow(
      CancelledError,
    );
  }
  await run(stopped);
  const last = (dir: string): string => listCheckpoints(join(dir, 'checkpoints')).at(-1)?.path ?? '';
  for (const file of ['model.safetensors', 'optimizer.safetensors'])
    expect(readFileSync(join(last(stopped), file)), file).toEqual(readFileSync(join(last(whole), file)));
  const kept = loadCheckpoint(last(whole));
  const ages = [...(kept.optimiser['carry.age']?.data ?? [])].map(Number);
  expect(Math.max(...ages)).toBeGreaterThan(1); // some rows are carried
  const { born } = (kept.state as { rows: { born: number[] } }).rows;
  expect(new Set(born).size).toBeGreaterThan(1); // others were renewed
  born.forEach((b, r) => {
    expect(ages[r * task.seq], `row ${r}`).toBe(9 - b);
  });
});

test('what cannot be carried is refused', async () => {
  expect(() => planRun({ ...options, train: { ...options.train, batch: 4, microBatches: 2 } })).toThrow(
    'stage train carries rows over updates, which cannot be computed in parts (train.microBatches is 2); set train.microBatches to 1',
  );
  expect(() => planRun({ ...options, strategy: fixedLoops(), stages: [{ name: 'a', carry: 'rows' }] })).toThrow(
    "stage a carries rows over updates, but strategy fixedLoops has no renew() to say when one is done; use carry: 'none'",
  );
  const rows = new CarriedRows(task, 0, 2);
  const state = { n: tf.zeros([2, 4], 'int32') };
  await expect(rows.carry(async () => state)).rejects.toThrow(
    "the leaf 'n' of the state is int32; states that are carried over updates must be float32",
  );
});

test('evaluation starts every row anew and runs all segments', async () => {
  const { evaluation } = await trainRun({ ...options, dir: join(tempDir(), 'run'), code: 'test' });
  expect(evaluation.lossPerLoop).toHaveLength(3);
});
