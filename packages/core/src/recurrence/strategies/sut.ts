// The sparse universal transformer's halting: stick-breaking in log space, and keys from the softly halted state.
import { linear } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { perLoop, perLoopOptions } from '../../kv/perLoop.ts';
import { logSigmoid } from '../halting.ts';
import { freeze, type State } from '../state.ts';
import { stopGradient } from '../stopGradient.ts';
import type { Strategy } from '../strategy.ts';
import { fixedLoops } from './fixedLoops.ts';
import { tokenMean } from './tokenMean.ts';

export const sutOptions = z.strictObject({
  threshold: z.number().gt(0).lt(1).default(0.999).describe('a token stops once it has stopped with this probability'),
  fill: perLoopOptions.shape.fill,
});

/** Stick-breaking after loop `t`; all but the states are [batch, seq]. */
export interface StickState extends State {
  /** `h_t`, [batch, seq, dModel] */
  readonly h: tf.Tensor;
  /** `sum_{j<t} p_j h_j`, [batch, seq, dModel] */
  readonly sum: tf.Tensor;
  /** Log probability of getting to `h_t`. */
  readonly logHere: tf.Tensor;
  /** Log probability of going on from it. */
  readonly logOn: tf.Tensor;
  /** 1 while the token computes. */
  readonly on: tf.Tensor;
}

/** What later layers and the head see of a token: `sum_{j<t} p_j h_j + (1 - sum_{j<t} p_j) h_t`. */
const soft = (s: StickState): tf.Tensor => tf.add(s.sum, tf.mul(tf.expandDims(tf.exp(s.logHere), 2), s.h));

/** `x Phi(x)` with the normal distribution function. */
const gelu = (x: tf.Tensor): tf.Tensor => tf.mul(x, tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5));

/**
 * arXiv 2310.07096, without the mixture of experts: `lambda_t = sigmoid(g(h_t))` with `g` a two-layer gate that starts
 * at 0, `p_t = lambda_t prod_{j<t} (1 - lambda_j)`, all in logarithms. Keys and values come from the soft state, so
 * that a token that has stopped goes on showing its expected state; for one loop more it computes nothing but those.
 * The steps leave `ponder`, whose sum is the mean expected number of loops.
 */
export function sut(options: z.input<typeof sutOptions> = {}): Strategy<StickState> {
  const resolved = parseOptions('strategy', sutOptions, options);
  const { plan, driver, gradient, exit } = fixedLoops();
  const stopped = Math.log(1 - resolved.threshold);
  return {
    ...{ plan, driver, gradient, exit },
    id: 'sut',
    options: resolved,
    gives: ['readouts', 'ponder'],
    params: ({ dModel, initStd }) => [
      { name: 'gate.hidden.weight', shape: [dModel, dModel], init: { normal: initStd }, decay: true },
      { name: 'gate.hidden.bias', shape: [dModel], init: 'zeros', decay: false },
      { name: 'gate.out.weight', shape: [1, dModel], init: 'zeros', decay: false },
    ],
    init: (ctx) => {
      const [batch, seq] = ctx.inputs.ids.shape as [number, number]; // ids are [batch, seq]
      const none = tf.zeros([batch, seq]);
      return { h: ctx.e, sum: tf.zerosLike(ctx.e), logHere: none, logOn: none, on: tf.ones([batch, seq]) };
    },
    active: (s) => s.on,
    step: (s, _k, ctx) => {
      const { param } = ctx.model;
      // A choice has no gradient. What has stopped stays as it is.
      const on = stopGradient(tf.cast(tf.greaterEqual(s.logOn, stopped), 'float32'));
      const computed = ctx.core(s.h, { kvSource: soft(s) });
      const hidden = gelu(linear(computed, param('gate.hidden.weight'), param('gate.hidden.bias')));
      const z = tf.squeeze(linear(hidden, param('gate.out.weight')), [2]);
      const stop = tf.sub(tf.exp(s.logHere), tf.exp(s.logOn)); // p_{t-1}
      const next: StickState = {
        h: computed,
        sum: tf.add(s.sum, tf.mul(tf.expandDims(stop, 2), s.h)),
        logHere: s.logOn,
        logOn: tf.add(s.logOn, logSigmoid(tf.neg(z))),
        on,
      };
      return { ...freeze(on, s, next), on };
    },
    terms: (_before, after, _k, ctx) => ({
      ponder: tokenMean(tf.mul(after.on, tf.exp(after.logHere)), ctx.inputs),
    }),
    read: (s, { model }) => model.head(model.coda(soft(s))),
    kv: perLoop({ fill: resolved.fill }),
    stages: [{ name: 'train', objective: { id: 'actPonder', tau: 0.001 }, trainable: 'all', carry: 'none' }],
  };
}
