// Mixture of recursions, token choice: a router looks at a token once and says how many loops it gets.
import { linear } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { selective } from '../../kv/selective.ts';
import { sharedFirst } from '../../kv/sharedFirst.ts';
import type { State } from '../state.ts';
import { stopGradient } from '../stopGradient.ts';
import type { Ctx, Strategy } from '../strategy.ts';
import { fixedLoops } from './fixedLoops.ts';
import { morExpertOptions } from './morExpert.ts';
import { finalNorm, routedRead } from './routedRead.ts';
import { tokenMean } from './tokenMean.ts';

export const morTokenOptions = z.strictObject({
  alpha: z
    .number()
    .positive()
    .default(1)
    .describe("factor on the router's probability, the weight of a token's last loop"),
  kv: morExpertOptions.shape.kv,
});

interface Chosen extends State {
  /** [batch, seq, dModel] */
  readonly h: tf.Tensor;
  /** [batch, seq]: loops the token gets, from 1. */
  readonly depth: tf.Tensor;
  /** [batch, seq]: probability of that choice. */
  readonly weight: tf.Tensor;
}

/**
 * arXiv 2507.10524, token-choice routing: `p = softmax(W e)` over `model.loops` depths, depth `d = argmax p`. The first
 * `d - 1` loops make `h = core(h)`, the last one `h = e + alpha p_d core(h)`. Terms, once a pass: `balance = sum_i P_i f_i` with
 * the mean probability `P_i` of depth i and `f_i` = loops times the share of tokens that got it (1 when balanced), and `z`,
 * the mean square of the logits' log-sum-exp.
 */
export function morToken(options: z.input<typeof morTokenOptions> = {}): Strategy<Chosen> {
  const resolved = parseOptions('strategy', morTokenOptions, options);
  const { plan, driver, gradient, exit, stages } = fixedLoops();
  const logits = (ctx: Ctx<Chosen>): tf.Tensor => linear(ctx.e, ctx.model.param('router')); // [batch, seq, loops]
  return {
    ...{ plan, driver, gradient, exit },
    id: 'morToken',
    options: resolved,
    gives: ['readouts', 'router'],
    params: (config) => [
      { name: 'router', shape: [config.loops, config.dModel], init: { normal: config.initStd }, decay: false },
      ...finalNorm(config),
    ],
    init: (ctx) => {
      const z = logits(ctx);
      return {
        h: ctx.e,
        depth: tf.add(stopGradient(tf.cast(tf.argMax(z, 2), 'float32')), 1),
        weight: tf.max(tf.softmax(z), 2),
      };
    },
    active: (s, k) => tf.cast(tf.greater(s.depth, k.t), 'float32'),
    step: (s, k, ctx) => {
      const y = ctx.core(s.h);
      const weight = tf.expandDims(tf.mul(s.weight, resolved.alpha), 2);
      const last = tf.expandDims(tf.equal(s.depth, k.t + 1), 2);
      return { ...s, h: tf.where(last, tf.add(ctx.e, tf.mul(weight, y)), y) };
    },
    terms: (before, _after, k, ctx) => {
      if (k.t > 0) return {};
      const { loops } = ctx.config;
      const z = logits(ctx);
      const p = tf.softmax(z);
      const parts = Array.from({ length: loops }, (_, i) => {
        const mean = tokenMean(tf.squeeze(tf.slice(p, [0, 0, i], [-1, -1, 1]), [2]), ctx.inputs);
        const got = tokenMean(tf.cast(tf.equal(before.depth, i + 1), 'float32'), ctx.inputs);
        return tf.mul(mean, tf.mul(stopGradient(got), loops));
      });
      return {
        balance: parts.reduce((a, b) => tf.add(a, b)),
        z: tokenMean(tf.square(tf.logSumExp(z, 2)), ctx.inputs),
      };
    },
    read: routedRead,
    products: () => 0, // the router runs once a pass
    kv: resolved.kv === 'selective' ? selective() : sharedFirst(),
    stages: stages.map((stage) => ({ ...stage, objective: { id: 'routed' } })),
  };
}
