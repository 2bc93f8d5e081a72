// AdamW with decoupled weight decay and global-norm clipping, as tensor operations inside the compiled training step.
import type { ParamSpec, Params } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { mapNamed, named, zerosFor } from './namedTensors.ts';

/** First and second moments, keyed as the parameters, and the number of updates made so far. */
export interface AdamWState {
  readonly m: Params;
  readonly v: Params;
  /** float32 scalar; exact up to 2^24 steps. */
  readonly step: tf.Tensor;
}

export interface AdamWOptions {
  /** Learning rate of this step, float32 scalar tensor, so that a schedule needs no new graph. */
  readonly lr: tf.Tensor;
  readonly betas: readonly [number, number];
  readonly eps: number;
  /** Applied only to parameters whose spec says `decay`. */
  readonly weightDecay: number;
  /** Largest global gradient norm; `Infinity` turns clipping off. */
  readonly clipNorm: number;
  /** Says which parameters decay; those not listed do not. */
  readonly specs: readonly ParamSpec[];
}

export interface AdamWResult {
  readonly params: Params;
  readonly state: AdamWState;
  /** Global norm before clipping, float32 scalar. */
  readonly gradNorm: tf.Tensor;
}

/** Zero moments for `params`. */
export function adamWInit(params: Params): AdamWState {
  return { m: zerosFor(params), v: zerosFor(params), step: tf.scalar(0, 'float32') };
}

/**
 * One update of every parameter in `params` (Loshchilov & Hutter 2019, alg. 2, as `torch.optim.AdamW` computes it, after
 * `clip_grad_norm_`). With `s = min(1, clipNorm / (|g| + 1e-6))`:
 *
 *     m' = b1 m + (1-b1) s g          v' = b2 v + (1-b2) (s g)^2
 *     p' = (1 - lr wd) p - lr/(1-b1^t) m' / (sqrt(v' / (1-b2^t)) + eps)
 *
 * Everything that does not depend on the parameter is folded into four scalars, so a parameter costs 13 elementwise
 * operations, and `g^2` serves both the norm and the second moment.
 */
export function adamWUpdate(params: Params, grads: Params, state: AdamWState, options: AdamWOptions): AdamWResult {
  const { lr, betas, eps, weightDecay, clipNorm, specs } = options;
  const [b1, b2] = betas;
  const decays = new Set(specs.filter((s) => s.decay).map((s) => s.name));
  const squares = mapNamed(grads, (g) => tf.square(g));
  const gradNorm = tf.sqrt(tf.addN(Object.values(squares).map((s) => tf.sum(s))));

  const step = tf.add(state.step, 1);
  const correction1 = tf.sub(1, tf.exp(tf.mul(step, Math.log(b1)))); // 1 - b1^t
  const rootCorrection2 = tf.sqrt(tf.sub(1, tf.exp(tf.mul(step, Math.log(b2))))); // sqrt(1 - b2^t)
  // m' / (sqrt(v')/r + eps) * lr/c1  =  m' / (sqrt(v') + eps r) * (lr r / c1), with r = sqrt(1 - b2^t)
  const size = tf.div(tf.mul(lr, rootCorrection2), correction1);
  const floor = tf.mul(rootCorrection2, eps);
  const keep = weightDecay > 0 ? tf.sub(1, tf.mul(lr, weightDecay)) : undefined;

  const clips = Number.isFinite(clipNorm);
  const clip = clips ? tf.minimum(tf.div(clipNorm, tf.add(gradNorm, 1e-6)), 1) : undefined;
  const gain1 = clip ? tf.mul(clip, 1 - b1) : tf.scalar(1 - b1);
  const gain2 = clip ? tf.mul(tf.square(clip), 1 - b2) : tf.scalar(1 - b2);

  const m: Record<string, tf.Tensor> = {};
  const v: Record<string, tf.Tensor> = {};
  const updated: Record<string, tf.Tensor> = {};
  for (const [name, p] of Object.entries(params)) {
    const m1 = tf.add(tf.mul(named(state.m, name), b1), tf.mul(named(grads, name), gain1));
    const v1 = tf.add(tf.mul(named(state.v, name), b2), tf.mul(named(squares, name), gain2));
    const kept = keep && decays.has(name) ? tf.mul(p, keep) : p;
    updated[name] = tf.sub(kept, tf.div(tf.mul(m1, size), tf.add(tf.sqrt(v1), floor)));
    m[name] = m1;
    v[name] = v1;
  }
  return { params: updated, state: { m, v, step }, gradNorm };
}
