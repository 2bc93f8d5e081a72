// A small model run by a strategy, and its core alone, for tests against closed forms.
import { rmsNorm, useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { type ModelConfig, modelConfig } from '../../model/config.ts';
import { initParams, type Params } from '../../model/params.ts';
import { key, randint } from '../../rng/random.ts';
import { paramSpecs } from '../layout.ts';
import { drawNoise } from '../noise.ts';
import type { Inputs } from '../plan.ts';
import { runTrace, type TraceOptions } from '../runTrace.ts';
import type { State } from '../state.ts';
import type { Strategy, UpdatePlan } from '../strategy.ts';
import type { Trace } from '../trace.ts';
import { fixedLoops } from './fixedLoops.ts';

await useDevice({ kind: 'cpu' }); // before any tensor is made

export const small = modelConfig({ vocab: 7, dModel: 8, heads: 2, layers: 2, loops: 3, dFF: 12, initStd: 0.3 });
export const [batch, seq] = [2, 4] as const;
const ids = tf.tensor2d(randint(key(1), batch * seq, 7), [batch, seq], 'int32');

/** Initial parameters with some of them replaced. */
export const start = (s: Strategy, more: Params = {}, config: ModelConfig = small): Params => ({
  ...initParams(paramSpecs(config, s), key(2)),
  ...more,
});

/** The traces of a pass; `options` as for `runTrace`, noise drawn. */
export function run<S extends State>(
  s: Strategy<S>,
  at: {
    params?: Params;
    config?: ModelConfig;
    inputs?: Partial<Inputs>;
    options?: Partial<TraceOptions<S>>;
  } = {},
): Trace<S>[] {
  const { config = small, params = start(s, {}, config), inputs, options } = at;
  const noise = drawNoise(config, s, { batch, seq, loops: options?.loops ?? config.loops }, key(3));
  return runTrace(config, s, params, { ids, ...inputs }, { train: false, noise, ...options });
}

/** The only trace, or the first. */
export function run1<S extends State>(...args: Parameters<typeof run<S>>): Trace<S> {
  return run(...args)[0] as Trace<S>; // a strategy plans a trajectory
}

/** One application of the core of `params` to `x` [batch, seq, dModel]. */
export function coreOf(params: Params, x: tf.Tensor, config: ModelConfig = small): tf.Tensor {
  const alone = { ...fixedLoops(), init: () => ({ h: x }) };
  return (run1(alone, { params, config, options: { loops: 1 } }).states[0] as { h: tf.Tensor }).h;
}

/** The embeddings of the tokens. */
export const embedded = (params: Params): tf.Tensor => tf.gather(params['model.embed_tokens.weight'] as tf.Tensor, ids);

/** The embeddings at a root mean square of 1. */
export const injected = (params: Params): tf.Tensor => rmsNorm(embedded(params), null, small.normEps);

/** Updates `0..n-1` as a strategy schedules them. */
export const updates = (s: Strategy, n: number, config: ModelConfig = small, steps = n): UpdatePlan[] =>
  Array.from({ length: n }, (_, step) => s.schedule?.({ step, steps, key: key(5), config }) ?? {});

export const numbers = async (x: tf.Tensor | undefined): Promise<number[]> => [...((await x?.data()) ?? [])];

/** Largest distance of two tensors. */
export async function gap(a: tf.Tensor | undefined, b: tf.Tensor | undefined): Promise<number> {
  if (`${a?.shape}` !== `${b?.shape}`) return Number.NaN;
  return Math.max(...(await numbers(tf.abs(tf.sub(a as tf.Tensor, b as tf.Tensor))))); // both are there
}

export const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;
