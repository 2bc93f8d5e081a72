// Mixture of recursions, expert choice: at every depth a router keeps the best-scored share of the tokens that are left.
import { linear } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { selective } from '../../kv/selective.ts';
import { sharedFirst } from '../../kv/sharedFirst.ts';
import type { Micro } from '../plan.ts';
import type { State } from '../state.ts';
import { stopGradient } from '../stopGradient.ts';
import type { Ctx, Strategy } from '../strategy.ts';
import { fixedLoops } from './fixedLoops.ts';
import { finalNorm, routedRead } from './routedRead.ts';

export const morExpertOptions = z.strictObject({
  capacity: z
    .array(z.number().gt(0).max(1))
    .min(1)
    .optional()
    .describe(
      'share of the tokens kept at each depth; the last counts for all deeper ones (default: (loops - t) / loops)',
    ),
  alpha: z.number().positive().default(0.1).describe('factor on the sigmoid of the router, the weight of an update'),
  standIn: z
    .enum(['auxiliaryLoss', 'auxiliaryRouter'])
    .default('auxiliaryLoss')
    .describe(
      'what chooses outside of training, where the future is not known: the router itself, taught by a loss to exceed 1/2 on what it keeps, or a second router taught to predict the first',
    ),
  warmup: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe(
      'share of the training during which the capacity falls from 1 to its value along a cosine, in four steps',
    ),
  kv: z
    .enum(['selective', 'sharedFirst'])
    .default('selective')
    .describe('whether a depth attends to what its own tokens wrote there, or to what all wrote at the first depth'),
});

/** `steps` [batch, seq]: depths a token has computed; h [batch, seq, dModel]. */
interface Routed extends State {
  readonly h: tf.Tensor;
  readonly steps: tf.Tensor;
}

/** Distinct values of the capacity's warm-up, each of which is compiled. */
const LEVELS = 4;
const HIDDEN = -1e9;

/**
 * arXiv 2507.10524, expert-choice routing: with `g = alpha sigmoid(r_t . h)`, the `k_t` tokens of highest score among those
 * kept at the depth before become `h + g core(h)`, the others stay as they are. Training ranks a whole row and so
 * sees the future; elsewhere a token goes on if its own score says so, in the parallel pass as in decoding. Terms:
 * `auxiliary`, the cross-entropy of the stand-in against the choice, and `z`, the mean square of the router's logit.
 */
export function morExpert(options: z.input<typeof morExpertOptions> = {}): Strategy<Routed> {
  const resolved = parseOptions('strategy', morExpertOptions, options);
  const { capacity, alpha, standIn, warmup } = resolved;
  const { plan, driver, gradient, exit, stages } = fixedLoops();
  const share = (k: Micro, { loops }: { readonly loops: number }): number =>
    capacity?.[Math.min(k.t, capacity.length - 1)] ?? Math.max(1, loops - k.t) / loops;
  const candidates = (s: Routed, k: Micro, ctx: Ctx<Routed>): tf.Tensor => {
    const left = tf.cast(tf.equal(s.steps, k.t), 'float32');
    return ctx.inputs.keyMask ? tf.mul(left, ctx.inputs.keyMask) : left;
  };
  const scores = (h: tf.Tensor, k: Micro, ctx: Ctx<Routed>, router = 'router'): tf.Tensor => {
    const { loops, dModel } = ctx.config;
    const row = tf.slice(ctx.model.param(router), [Math.min(k.t, loops - 1), 0], [1, dModel]);
    return tf.squeeze(linear(h, row), [2]); // [batch, seq]
  };
  const judge = (s: Routed, k: Micro, ctx: Ctx<Routed>): tf.Tensor =>
    standIn === 'auxiliaryLoss' ? scores(s.h, k, ctx) : scores(stopGradient(s.h), k, ctx, 'standIn');
  return {
    ...{ plan, driver, gradient, exit },
    id: 'morExpert',
    options: resolved,
    gives: ['readouts', 'router'],
    params: (config) => [
      ...['router', ...(standIn === 'auxiliaryRouter' ? ['standIn'] : [])].map((name) => ({
        name,
        shape: [config.loops, config.dModel],
        init: { normal: config.initStd },
        decay: false,
      })),
      ...finalNorm(config),
    ],
    ...(warmup > 0
      ? {
          schedule: ({ step, steps }) => {
            const done = step / (warmup * steps);
            const left = done < 1 ? (1 + Math.cos(Math.PI * done)) / 2 : 0;
            return { hp: { spare: Math.ceil(LEVELS * left) / LEVELS } };
          },
        }
      : {}),
    init: (ctx) => ({ h: ctx.e, steps: tf.zeros([...ctx.inputs.ids.shape]) }),
    active: (s, k, ctx) => {
      const left = candidates(s, k, ctx);
      const kept = share(k, ctx.config);
      if (kept >= 1) return left;
      if (!ctx.train) return tf.mul(left, tf.cast(tf.greater(judge(s, k, ctx), 0), 'float32'));
      const seq = ctx.inputs.ids.shape[1] ?? 0;
      const spare = warmup > 0 ? ctx.hp('spare') : 0;
      const count = Math.max(1, Math.floor((kept + (1 - kept) * spare) * seq));
      const ranked = stopGradient(tf.where(tf.cast(left, 'bool'), scores(s.h, k, ctx), HIDDEN));
      const least = tf.slice(tf.topk(ranked, count).values, [0, count - 1], [-1, 1]); // [batch, 1]
      return tf.mul(left, tf.cast(tf.greaterEqual(ranked, least), 'float32'));
    },
    step: (s, k, ctx) => {
      const weight = tf.mul(tf.sigmoid(scores(s.h, k, ctx)), alpha);
      return { h: tf.add(s.h, tf.mul(tf.expandDims(weight, 2), ctx.core(s.h))), steps: tf.add(s.steps, 1) };
    },
    terms: (before, after, k, ctx) => {
      const left = candidates(before, k, ctx);
      const chosen = tf.sub(after.steps, before.steps);
      const z = judge(before, k, ctx);
      const mean = (x: tf.Tensor): tf.Tensor => tf.div(tf.sum(tf.mul(x, left)), tf.maximum(tf.sum(left), 1));
      return {
        auxiliary: mean(tf.sub(tf.softplus(z), tf.mul(chosen, z))),
        z: mean(tf.square(scores(before.h, k, ctx))),
      };
    },
    read: routedRead,
    products: (config) => config.dModel * (standIn === 'auxiliaryRouter' ? 2 : 1),
    kv: resolved.kv === 'selective' ? selective() : sharedFirst(),
    stages: stages.map((stage) => ({ ...stage, objective: { id: 'routed' } })),
  };
}
