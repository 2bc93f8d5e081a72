// Updates whose depth varies: leading steps by repeated calls, programs that are shared, and runs that go on exactly.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  fixedLoops,
  flops,
  type Hidden,
  initParams,
  key,
  type Params,
  paramSpecs,
  randint,
  type Strategy,
} from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { everyLoop, lastLoop } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { listCheckpoints } from './checkpoint.ts';
import { disposeTree } from './disposeTree.ts';
import { CancelledError } from './errors.ts';
import { readJsonLines } from './jsonLines.ts';
import { planFlops } from './planFlops.ts';
import { planRun, type RunOptions, type RunPlan } from './runPlan.ts';
import { stepper } from './stepper.ts';
import { tempDir } from './testing/tempDir.ts';
import { type TrainRunOptions, trainRun } from './trainRun.ts';
import { type TrainState, trainState } from './trainStep.ts';
import { updateDepth, updateFlops } from './updatePlan.ts';

beforeEach(() => useDevice({ kind: 'cpu' }));

const task = groupWords({ group: 'S3', seq: 4 });
/** Gradient through the last two loops, which start from noise and take the input in; the depth is given by `loopsAt`. */
const deep = (loopsAt?: (step: number, chance: number) => number): Strategy<Hidden> => ({
  ...fixedLoops({ gradLoops: 2 }),
  id: 'deep',
  noise: (c) => [{ name: 'h0', per: 'token', shape: [c.dModel], law: 'normal' }],
  init: (c) => ({ h: c.noise('h0') }),
  step: (s, _k, c) => ({ h: c.core(tf.add(s.h, c.e)) }),
  ...(loopsAt ? { schedule: ({ step, key: k }) => ({ loops: loopsAt(step, randint(k, 1, 1000)[0] ?? 0) }) } : {}),
  plan: (c) => fixedLoops({ gradLoops: Math.min(2, c.loops) }).plan(c),
});
const options = (strategy: Strategy<Hidden>, more: Partial<RunOptions> = {}): RunOptions => ({
  task,
  model: { dModel: 8, heads: 2, layers: 1, loops: 7, dFF: 8, prelude: 1 },
  strategy,
  objective: lastLoop(),
  train: { steps: 20, batch: 6, warmup: 0, lr: 0.01 },
  seed: 0,
  ...more,
});

/** Parameters after some updates. */
async function after(plan: RunPlan, updates: number): Promise<Readonly<Record<string, readonly number[]>>> {
  const stage = plan.stages[0] as RunPlan['stages'][number];
  const { state: first, frozen } = trainState(initParams(paramSpecs(plan.model, plan.strategy), key(1)), stage.trains);
  let state: TrainState = first;
  const steps = stepper(plan, stage);
  for (let s = 0; s < updates; s++) {
    const made = { batch: task.train(0, s, 6), lr: 0.01, noise: key(s), ...updateDepth(plan, s) };
    const { state: next, metrics } = await steps.step(state, frozen, made);
    state = next;
    disposeTree(metrics);
  }
  await steps.release();
  const params: Params = state.params;
  const values = Object.entries(params).map(async ([n, x]) => [n, [...(await x.data())]] as const);
  return Object.fromEntries(await Promise.all(values));
}

describe.each(['cpu', 'onnx'] as const)('on %s', (kind) => {
  test('leading steps by calls of their own make the same update as one graph', async () => {
    await useDevice({ kind });
    const { stationary: _, ...whole } = deep();
    for (const train of [{}, { microBatches: 2 }]) {
      const change = { train: { ...options(deep()).train, ...train } };
      const want = await after(planRun(options(whole, change)), 2);
      const got = await after(planRun(options(deep(), change)), 2);
      for (const [name, xs] of Object.entries(want)) {
        // Adam enlarges float32 rounding of tiny gradients up to the rate, 0.01
        xs.forEach((x, i) => {
          expect(Math.abs((got[name]?.[i] ?? 9) - x), name).toBeLessThan(1e-3);
        });
      }
    }
  });

  test('updates leak no tensors', async () => {
    await useDevice({ kind });
    const plan = planRun(options(deep((step) => 3 + step)));
    const count = () => tf.memory().numTensors;
    await after(plan, 2);
    const before = count();
    const kept = Object.keys(await after(plan, 3)).length; // three for each parameter: itself and two moments, and the step
    expect(count() - before).toBe(3 * kept + 1);
  });
});

test('depths sampled around 32 share a handful of programs', async () => {
  await useDevice({ kind: 'onnx' });
  const traced = { read: 0, step: 0, init: 0 };
  const counting =
    <A extends unknown[], R>(name: keyof typeof traced, f: (...args: A) => R) =>
    (...args: A): R => {
      traced[name]++;
      return f(...args);
    };
  const counted = deep((_, chance) => 12 + (chance % 41)); // 12 to 52
  const strategy: Strategy<Hidden> = {
    ...counted,
    init: counting('init', counted.init),
    step: counting('step', counted.step),
    read: counting('read', counted.read),
  };
  const plan = planRun(options(strategy, { model: { ...options(strategy).model, loops: 32 } }));
  const depths = Array.from({ length: 20 }, (_, s) => updateDepth(plan, s).loops);
  expect(new Set(depths).size).toBeGreaterThan(10);
  await after(plan, 20);
  // one program for the start, one for a chunk of four steps and one for a single one, one for the two with gradient
  expect(traced).toEqual({ init: 1, step: 4 + 1 + 2, read: 1 });
});

test('depths below the steps with gradient, and strategies that look at their place, have programs of their own', async () => {
  await useDevice({ kind: 'onnx' });
  let reads = 0;
  const counting = (s: Strategy<Hidden>): Strategy<Hidden> => ({
    ...s,
    read: (x, c) => {
      reads++;
      return s.read(x, c);
    },
  });
  await after(planRun(options(counting(deep((step) => [1, 2, 3, 5, 1, 9][step] ?? 1)))), 6);
  expect(reads).toBe(3); // 1; 2 from the start; 2 after a prefix
  reads = 0;
  const { stationary: _, ...placed } = deep((step) => 3 + (step % 3));
  await after(planRun(options(counting(placed))), 6);
  expect(reads).toBe(3);
});

describe('a schedule', () => {
  const scheduled = (update: { loops?: number; hp?: Record<string, number> }): RunPlan =>
    planRun(options({ ...deep(), schedule: () => update }));

  test('is refused where it cannot be run', () => {
    expect(() => updateDepth(scheduled({ loops: 0 }), 3)).toThrow(
      'strategy deep: schedule() set loops to 0, which must be a whole number >= 1, for update 3 of 20',
    );
    expect(() => updateDepth(scheduled({ hp: { b: Number.NaN } }), 0)).toThrow(
      'strategy deep: schedule() set hp.b to NaN, which must be a finite number, for update 0 of 20',
    );
  });

  test('with too many different updates is refused with the cure', async () => {
    const { stationary: _, ...placed } = deep();
    const plan = planRun(
      options({ ...placed, schedule: ({ step }) => ({ hp: { x: step / 7 } }) }, { train: { steps: 99, batch: 6 } }),
    );
    await expect(after(plan, 40)).rejects.toThrow(
      /schedule\(\) asks for more than 32 different kinds of updates, each of which is compiled; let loops and hp take few values/,
    );
  });

  test('sets what a run costs, update by update', () => {
    const plan = planRun(options(deep((step) => 3 + (step % 5))));
    const stage = plan.stages[0] as RunPlan['stages'][number];
    const at = (loops: number): number =>
      flops(plan.model, plan.strategy, { batch: 6, seq: 4, train: true, loops, begun: true });
    expect(updateFlops(plan, stage, updateDepth(plan, 2))).toBe(at(5));
    expect(planFlops(plan)).toBe(4 * [3, 4, 5, 6, 7].reduce((sum, loops) => sum + at(loops), 0));
  });

  test('does not hide from objectives that read every loop', () => {
    const plan = planRun(options(deep(), { objective: everyLoop() }));
    const stage = plan.stages[0] as RunPlan['stages'][number];
    const want = flops(plan.model, plan.strategy, { batch: 6, seq: 4, train: true, readouts: 7 });
    expect(updateFlops(plan, stage, updateDepth(plan, 0))).toBe(want);
  });
});

test('a run with sampled depths that was stopped goes on to the same bits, and counts the same work', async () => {
  const run = (dir: string, signal?: AbortSignal, onStep?: (at: { step: number }) => void): Promise<unknown> => {
    const train = { steps: 8, batch: 4, warmup: 1, evalEvery: 4, evalBatches: 1, checkpointEvery: 3, logEvery: 2 };
    const all: TrainRunOptions = { ...options(deep((_, chance) => 1 + (chance % 9))), train, dir, code: 'test' };
    return trainRun({ ...all, ...(signal ? { signal } : {}), callbacks: onStep ? [{ name: 'stop', onStep }] : [] });
  };
  const [whole, stopped] = [join(tempDir(), 'run'), join(tempDir(), 'run')];
  await run(whole);
  const stop = new AbortController();
  await expect(run(stopped, stop.signal, ({ step }) => void (step === 5 && stop.abort()))).rejects.toThrow(
    CancelledError,
  );
  await run(stopped);
  const files = (dir: string): Buffer[] => {
    const last = listCheckpoints(join(dir, 'checkpoints')).at(-1)?.path ?? '';
    return ['model.safetensors', 'optimizer.safetensors'].map((f) => readFileSync(join(last, f)));
  };
  const metrics = (dir: string) =>
    readJsonLines(join(dir, 'metrics.jsonl')).map(({ time: _t, tokensPerSecond: _s, ...rest }) => rest);
  expect(files(stopped)).toEqual(files(whole));
  expect(metrics(stopped)).toEqual(metrics(whole));
  const plan = planRun({ ...options(deep((_, chance) => 1 + (chance % 9))), train: { steps: 8, batch: 4, warmup: 1 } });
  const last = metrics(whole).findLast((r) => (r as { kind: string }).kind === 'train');
  expect((last as unknown as { flops: number }).flops).toBe(planFlops(plan));
});
