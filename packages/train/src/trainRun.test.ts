// Runs and their folders: what they hold, how they resume, and how they end.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixedLoops, type Hidden, loopLM, plain, type Strategy } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { entropyRegularised, lastLoop } from '@looplab/objectives';
import { groupWords, type Task } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Callback } from './callback.ts';
import { listCheckpoints, loadCheckpoint } from './checkpoint.ts';
import { CancelledError, DivergedError, RunFolderError, RunLockedError } from './errors.ts';
import { readJsonLines } from './jsonLines.ts';
import { readJson, readStatus } from './runFolder.ts';
import { tempDir } from './testing/tempDir.ts';
import { type TrainRunOptions, trainRun } from './trainRun.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const newDir = (): string => join(tempDir(), 'run');

const tiny = (more: Partial<TrainRunOptions> = {}): TrainRunOptions => ({
  study: 'tiny',
  task: groupWords({ group: 'Z2', seq: 4 }),
  model: { dModel: 8, heads: 2, layers: 1, loops: 2, dFF: 8 },
  strategy: loopLM(),
  objective: entropyRegularised(),
  train: { steps: 12, batch: 4, lr: 0.01, warmup: 2, evalEvery: 6, evalBatches: 2, checkpointEvery: 3, logEvery: 4 },
  seed: 3,
  dir: newDir(),
  ...more,
});

/** Metrics without what depends on the clock. */
const metrics = (dir: string): object[] =>
  readJsonLines(join(dir, 'metrics.jsonl')).map(({ time: _t, tokensPerSecond: _s, ...rest }) => rest);

const finalModel = (dir: string): Buffer => {
  const last = listCheckpoints(join(dir, 'checkpoints')).at(-1);
  return readFileSync(join(last?.path ?? '', 'model.safetensors'));
};

describe('a run folder', () => {
  const options = tiny({ overrides: ['model.loops=2'] });
  const { dir } = options;

  test('holds everything there is to know about the run', async () => {
    const result = await trainRun(options);
    expect(result.isCached).toBe(false);
    expect(readdirSync(dir).sort()).toEqual(
      ['artifacts', 'checkpoints', 'config.json', 'events.jsonl', 'log.txt', 'manifest.json', 'metrics.jsonl'].concat(
        'overrides.json',
        'status.json',
      ),
    );
    expect(readJson(join(dir, 'config.json'))).toMatchObject({
      study: 'tiny',
      strategy: { id: 'loopLM' },
      objective: { id: 'entropyRegularised', beta: 0.1 },
      model: { vocab: 2, dModel: 8, loops: 2 },
      task: { name: 'groupWords', group: 'Z2' },
      train: { steps: 12, beta2: 0.95 },
      seed: 3,
    });
    expect(readJson(join(dir, 'overrides.json'))).toEqual(['model.loops=2']);
    expect(readJson(join(dir, 'manifest.json'))).toMatchObject({
      runId: result.runId,
      seed: 3,
      params: result.params,
      device: 'cpu',
      node: process.version,
      packages: { '@tensorflow/tfjs-core': '4.22.0' },
    });
    expect(readStatus(dir)).toMatchObject({ status: 'finished', step: 12, steps: 12 });
    const kinds = readJsonLines(join(dir, 'metrics.jsonl')).map((r) => `${r.kind} ${r.step}`);
    expect(kinds).toEqual(['train 4', 'eval 6', 'train 8', 'train 12', 'eval 12']);
  });

  test('its metrics have the promised fields', () => {
    const [train, evaluation] = readJsonLines(join(dir, 'metrics.jsonl'));
    expect(train).toMatchObject({
      terms: { expectedLoss: expect.any(Number), entropy: expect.any(Number) },
      lr: expect.any(Number),
      gradNorm: expect.any(Number),
      tokens: 64,
    });
    expect(evaluation?.accuracyPerLoop).toHaveLength(2);
    expect(evaluation?.lossPerLoop).toHaveLength(2);
    const exits = evaluation?.exitDistribution as number[];
    expect(exits.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(evaluation?.expectedLoops).toBeCloseTo((exits[0] ?? 0) + 2 * (exits[1] ?? 0), 6);
    const perLoop = evaluation?.accuracyPerLoop as number[];
    expect(evaluation?.accuracy).toBe(perLoop[1]);
  });

  test('is not computed again once it is finished', async () => {
    const before = readFileSync(join(dir, 'metrics.jsonl'));
    const again = await trainRun(options);
    expect(again.isCached).toBe(true);
    expect(again.evaluation.accuracy).toBe((await trainRun(options)).evaluation.accuracy);
    expect(readFileSync(join(dir, 'metrics.jsonl')).equals(before)).toBe(true);
  });

  test('refuses another configuration', async () => {
    await expect(trainRun({ ...options, seed: 4 })).rejects.toThrow(RunFolderError);
    await expect(trainRun({ ...options, seed: 4 })).rejects.toThrow(/holds run .* choose another folder/);
  });

  test('keeps the last checkpoints and the best', () => {
    const kept = listCheckpoints(join(dir, 'checkpoints'));
    const steps = kept.map((e) => e.step);
    expect(steps.slice(-2)).toEqual([9, 12]);
    expect(steps.length).toBeLessThanOrEqual(3);
  });
});

test('the same run twice gives the same bits, and leaks no tensors', async () => {
  const [a, b] = [tiny(), tiny()];
  await trainRun(a);
  const count = tf.memory().numTensors;
  await trainRun(b);
  expect(tf.memory().numTensors).toBe(count);
  expect(metrics(b.dir)).toEqual(metrics(a.dir));
  expect(finalModel(b.dir).equals(finalModel(a.dir))).toBe(true);
});

test('stopped at any step and gone on with, the run gives the same bits', async () => {
  const whole = tiny();
  await trainRun(whole);
  const parts = tiny();
  for (const stopAfter of [1, 5, 6, 11]) {
    const controller = new AbortController();
    const stop: Callback = { name: 'stop', onStep: ({ step }) => void (step >= stopAfter && controller.abort()) };
    const stopped = trainRun({ ...parts, callbacks: [stop], signal: controller.signal });
    await expect(stopped).rejects.toThrow(CancelledError);
    expect(readStatus(parts.dir)).toMatchObject({ status: 'cancelled', step: stopAfter });
  }
  await trainRun(parts);
  expect(metrics(parts.dir)).toEqual(metrics(whole.dir));
  expect(finalModel(parts.dir).equals(finalModel(whole.dir))).toBe(true);
});

test.each([
  ['pruned', ''],
  ['preempted', ', run the same command to go on'],
] as const)('a run that is %s says whether the same command goes on', async (status, next) => {
  const options = tiny();
  const controller = new AbortController();
  const why = new CancelledError('not now', 0, status);
  const stop: Callback = { name: 'stop', onStep: ({ step }) => void (step === 5 && controller.abort(why)) };
  await expect(trainRun({ ...options, callbacks: [stop], signal: controller.signal })).rejects.toThrow(CancelledError);
  const error = `not now after step 5 of 12; the state is saved in ${options.dir}${next}`;
  expect(readStatus(options.dir)).toMatchObject({ status, step: 5, error });
});

test('a callback gets its state back', async () => {
  const options = tiny();
  const counter = (): Callback & { seen: number } => ({
    name: 'counter',
    seen: 0,
    onStep() {
      this.seen++;
    },
    state() {
      return { seen: this.seen };
    },
    restore(state) {
      this.seen = (state as { seen: number }).seen;
    },
  });
  const controller = new AbortController();
  const stop: Callback = { name: 'stop', onStep: ({ step }) => void (step === 5 && controller.abort()) };
  await expect(trainRun({ ...options, callbacks: [counter(), stop], signal: controller.signal })).rejects.toThrow(
    /after step 5 of 12; the state is saved/,
  );
  const after = counter();
  await trainRun({ ...options, callbacks: [after] });
  expect(after.seen).toBe(12);
});

test('a damaged checkpoint is passed over for the one before, with the same final bits', async () => {
  const whole = tiny();
  await trainRun(whole);
  const options = tiny();
  const failAt = (n: number): Callback => ({
    name: 'fail',
    onStep: ({ step }) => {
      if (step === n) throw new Error('lost power');
    },
  });
  await expect(trainRun({ ...options, callbacks: [failAt(8)] })).rejects.toThrow('lost power');
  expect(readStatus(options.dir)).toMatchObject({ status: 'failed', step: 8, error: 'lost power' });
  const newest = listCheckpoints(join(options.dir, 'checkpoints')).at(-1);
  expect(newest?.step).toBe(6);
  const file = join(newest?.path ?? '', 'model.safetensors');
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 5) ^ 1, bytes.length - 5);
  writeFileSync(file, bytes);
  await trainRun(options);
  const events = readJsonLines(join(options.dir, 'events.jsonl'));
  expect(events.find((e) => e.event === 'damaged checkpoint')?.error).toMatch(
    /step-00000006: model.safetensors: it was cut/,
  );
  expect(events.find((e) => e.event === 'resumed')?.step).toBe(3);
  expect(metrics(options.dir)).toEqual(metrics(whole.dir));
  expect(finalModel(options.dir).equals(finalModel(whole.dir))).toBe(true);
});

test('a plug-in that makes values that are not finite is named with its leaf', async () => {
  const strategy: Strategy<Hidden> = {
    ...fixedLoops(),
    id: 'broken',
    step: (s, _k, c) => ({ h: tf.log(tf.sub(tf.mul(c.core(s.h), 0), 1)) }),
  };
  await expect(trainRun(tiny({ strategy, objective: lastLoop() }))).rejects.toThrow(
    "the loss is NaN at step 1 (strategy broken: the leaf 'h' of its last state holds a value that is not finite, in the first update: check init() and step()); lower train.lr",
  );
});

test('divergence ends the run, keeps the last good checkpoint and is not tried again', async () => {
  const sound = groupWords({ group: 'Z2', seq: 4 });
  const broken: Task = {
    ...sound,
    train: (seed, step, batch) => {
      const data = sound.train(seed, step, batch);
      return step < 6 ? data : { ...data, weights: data.weights.map(() => Number.NaN) };
    },
  };
  const options = tiny({ task: broken });
  await expect(trainRun(options)).rejects.toThrow(DivergedError);
  expect(readStatus(options.dir)).toMatchObject({
    status: 'diverged',
    error: expect.stringMatching(
      /the loss is NaN at step 7 \(objective entropyRegularised: its term 'expectedLoss' is NaN\); lower/,
    ),
  });
  const last = listCheckpoints(join(options.dir, 'checkpoints')).at(-1);
  expect(last?.step).toBe(6);
  for (const x of Object.values(loadCheckpoint(last?.path ?? '').params)) {
    expect(x.data.every((value) => Number.isFinite(Number(value)))).toBe(true);
  }
  await expect(trainRun(options)).rejects.toThrow(/delete that folder to try again/);
});

test('a step that ruins the parameters is not saved', async () => {
  const train = { ...tiny().train, lr: 1e38, warmup: 0, checkpointEvery: 1, logEvery: 1 };
  const options = tiny({ train });
  await expect(trainRun(options)).rejects.toThrow(DivergedError);
  for (const { path } of listCheckpoints(join(options.dir, 'checkpoints'))) {
    const values = Object.values(loadCheckpoint(path).params).flatMap((x) => Array.from(x.data, Number));
    expect(values.every(Number.isFinite)).toBe(true);
  }
});

test('stages follow each other and resume inside each', async () => {
  const stages = [
    { name: 'language model', steps: 5 },
    { name: 'gate', steps: 4, objective: { id: 'gateImprovement' }, trainable: ['model.early_exit_gate.*'] },
  ];
  const whole = tiny({ stages });
  await trainRun(whole);
  const trained = readJsonLines(join(whole.dir, 'metrics.jsonl')).filter((r) => r.kind === 'train');
  expect(trained.map((r) => `${r.step} ${r.stage}`)).toEqual([
    '4 language model',
    '5 language model',
    '8 gate',
    '9 gate',
  ]);
  const parts = tiny({ stages });
  for (const stopAfter of [4, 5, 7]) {
    const controller = new AbortController();
    const stop: Callback = { name: 'stop', onStep: ({ step }) => void (step >= stopAfter && controller.abort()) };
    await expect(trainRun({ ...parts, callbacks: [stop], signal: controller.signal })).rejects.toThrow(CancelledError);
  }
  await trainRun(parts);
  expect(metrics(parts.dir)).toEqual(metrics(whole.dir));
  expect(finalModel(parts.dir).equals(finalModel(whole.dir))).toBe(true);
});

test('two processes cannot write one run', async () => {
  const options = tiny();
  let second: unknown;
  const race: Callback = {
    name: 'race',
    onStep: async ({ step }) => {
      if (step === 1) second = await trainRun(options).catch((e: unknown) => e);
    },
  };
  await trainRun({ ...options, callbacks: [race] });
  expect(second).toBeInstanceOf(RunLockedError);
});

test('what does not go together is refused before anything is written', async () => {
  const dir = newDir();
  const refused = (more: Partial<TrainRunOptions>) => expect(trainRun(tiny({ ...more, dir }))).rejects;
  await refused({ strategy: plain() }).toThrow(/loops must be 1 with strategy plain/);
  await refused({ strategy: plain(), model: { ...tiny().model, loops: 1 } }).toThrow(/objectives that fit: lastLoop/);
  await refused({ model: { ...tiny().model, vocab: 1_000, dModel: 7 } }).toThrow(/heads must divide dModel/);
  await refused({ model: { ...tiny().model, maxSeq: 2 } }).toThrow(/rows of task groupWords have 4 symbols/);
  await refused({ seed: -1 }).toThrow(/seed must be a whole number >= 0 \(got -1\)/);
  await refused({ train: { steps: 0, batch: 1 } }).toThrow(/steps must be >= 1 \(got 0\); set train.steps/);
  expect(() => readdirSync(dir)).toThrow();
});

test('a plain model is evaluated at its one depth, and deeper loops than trained can be looked at', async () => {
  const once = tiny({ strategy: plain(), objective: lastLoop(), model: { ...tiny().model, loops: 1 } });
  const { evaluation } = await trainRun(once);
  expect(evaluation.accuracyPerLoop).toHaveLength(1);
  expect(evaluation.exitDistribution).toEqual([]);
  const deep = tiny({ train: { ...tiny().train, evalLoops: 4 } });
  const { evaluation: extrapolated } = await trainRun(deep);
  expect(extrapolated.accuracyPerLoop).toHaveLength(4);
  expect(extrapolated.exitDistribution).toHaveLength(2);
  expect(extrapolated.accuracy).toBe(extrapolated.accuracyPerLoop[1]);
});

test('a folder that cannot be made is named', async () => {
  await expect(trainRun(tiny({ dir: '/dev/null/run' }))).rejects.toThrow(
    /cannot write to folder \/dev\/null\/run\/checkpoints: .*not a folder/,
  );
  // where Node's recursive mkdir never returns
  await expect(trainRun(tiny({ dir: '/proc/looplab/run' }))).rejects.toThrow(
    /cannot write to folder \/proc\/looplab\/run/,
  );
});

test('callbacks are told of the end once, whatever it was', async () => {
  const ends: string[] = [];
  const watch: Callback = { name: 'watch', onEnd: ({ status, step }) => void ends.push(`${status} ${step}`) };
  const fail: Callback = {
    name: 'fail',
    onLog: () => {
      throw new Error('no');
    },
  };
  const options = tiny();
  await expect(trainRun({ ...options, callbacks: [fail, watch] })).rejects.toThrow('no');
  await trainRun({ ...options, callbacks: [watch] });
  expect(ends).toEqual(['failed 4', 'finished 12']);
});
