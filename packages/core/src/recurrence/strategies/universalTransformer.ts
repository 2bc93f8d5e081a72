// The universal transformer: every token stops on its own by adaptive computation time, and the loop's index is told to the core.
import { linear } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { perLoop, perLoopOptions } from '../../kv/perLoop.ts';
import type { State } from '../state.ts';
import { stopGradient } from '../stopGradient.ts';
import type { Strategy } from '../strategy.ts';
import { fixedLoops } from './fixedLoops.ts';
import { sinusoid } from './sinusoid.ts';
import { tokenMean } from './tokenMean.ts';
import { unitInput } from './unitInput.ts';

export const universalTransformerOptions = z.strictObject({
  epsilon: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.01)
    .describe('a token stops once its halting probabilities sum to 1 - epsilon'),
  haltBias: z
    .number()
    .default(1)
    .describe('bias of the halting unit at the start of training; above 0 few loops are made at first'),
  fill: perLoopOptions.shape.fill,
});

/** Adaptive computation time after loop `n`; all but the states are [batch, seq]. */
export interface ActState extends State {
  /** `s_n`, [batch, seq, dModel]; stays as it is once the token has stopped. */
  readonly h: tf.Tensor;
  /** `sum_{j<n} p_j s_j`, [batch, seq, dModel] */
  readonly sum: tf.Tensor;
  /** `sum_{j<n} p_j`; what is left to 1 belongs to `s_n`. */
  readonly mass: tf.Tensor;
  /** `p_n`, halting probability after loop `n`. */
  readonly p: tf.Tensor;
  /** 1 while the token goes on. */
  readonly on: tf.Tensor;
}

const times = (weight: tf.Tensor, h: tf.Tensor): tf.Tensor => tf.mul(tf.expandDims(weight, 2), h);

/**
 * arXiv 1807.03819 (sections 2.1 and 2.2) with the accumulation of arXiv 1603.08983: `s_n = core(s_{n-1} + P_n)`,
 * `p_n = sigmoid(w . s_n + b)`, a token stops at the first `N` with `sum_{n<=N} p_n >= 1 - epsilon`, and its output is
 * `sum_{n<N} p_n s_n + R s_N` with the remainder `R = 1 - sum_{n<N} p_n`. Read after any loop, the state gives the
 * output as if that loop were the last, so the weights always sum to 1, whatever the depth. The steps leave `ponder`,
 * whose sum is the mean of `N + R`.
 */
export function universalTransformer(options: z.input<typeof universalTransformerOptions> = {}): Strategy<ActState> {
  const resolved = parseOptions('strategy', universalTransformerOptions, options);
  const { plan, driver, gradient, exit } = fixedLoops();
  return {
    ...{ driver, gradient, exit, plan },
    id: 'universalTransformer',
    options: resolved,
    gives: ['readouts', 'ponder'],
    params: (config) => [
      { name: 'halt.weight', shape: [1, config.dModel], init: { normal: config.initStd }, decay: false },
      { name: 'halt.bias', shape: [1], init: { constant: resolved.haltBias }, decay: false },
    ],
    init: (ctx) => {
      const [batch, seq] = ctx.inputs.ids.shape as [number, number]; // ids are [batch, seq]
      const none = tf.zeros([batch, seq]);
      return { h: unitInput(ctx), sum: tf.zerosLike(ctx.e), mass: none, p: none, on: tf.ones([batch, seq]) };
    },
    active: (s) => s.on,
    step: (s, k, ctx) => {
      const h = ctx.core(tf.add(s.h, sinusoid(k.t + 1, ctx.config.dModel)));
      const p = tf.sigmoid(tf.squeeze(linear(h, ctx.model.param('halt.weight'), ctx.model.param('halt.bias')), [2]));
      const mass = tf.add(s.mass, s.p);
      // A choice has no gradient.
      const on = stopGradient(tf.cast(tf.less(tf.add(mass, p), 1 - resolved.epsilon), 'float32'));
      return { h, sum: tf.add(s.sum, times(s.p, s.h)), mass, p, on };
    },
    // N counts the loops a token computes; R = 1 - mass falls by what the loop before gave away.
    terms: (before, after, k, ctx) => {
      const remainder = tf.sub(before.mass, after.mass);
      return { ponder: tokenMean(tf.add(tf.add(before.on, remainder), k.t === 0 ? 1 : 0), ctx.inputs) };
    },
    read: (s, { model }) => model.head(model.coda(tf.add(s.sum, times(tf.sub(1, s.mass), s.h)))),
    kv: perLoop({ fill: resolved.fill }),
    stages: [{ name: 'train', objective: { id: 'actPonder' }, trainable: 'all', carry: 'none' }],
  };
}
