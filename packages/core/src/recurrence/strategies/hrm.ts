// The hierarchical reasoning model: a slow and a fast state in nested cycles, trained segment by segment.
import { linear } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { perLoop } from '../../kv/perLoop.ts';
import { fold, key, normal } from '../../rng/random.ts';
import type { Ctx, Strategy, StrategyParam } from '../strategy.ts';
import { fixedLoops } from './fixedLoops.ts';
import {
  type Cycles,
  carriedOr,
  explorationNoise,
  isHigh,
  type Nested,
  rowsDone,
  segmentOptions,
  segmentPlan,
} from './segments.ts';
import { unitInput } from './unitInput.ts';

export const hrmOptions = segmentOptions.extend({
  cycles: z.number().int().min(1).default(2).describe('N: H-cycles of a segment'),
  lowCycles: z.number().int().min(1).default(2).describe('T: L-steps of an H-cycle'),
  lookAhead: z
    .boolean()
    .default(true)
    .describe('makes one more segment in training, without gradient, to see what going on would be worth'),
});

/** Logits [batch, seq] of row `i` of the head on the high state. */
export function headLogit(s: Nested, ctx: Ctx<Nested>, i: number): tf.Tensor {
  const logits = linear(s.H, ctx.model.param('q.weight'), ctx.model.param('q.bias'));
  return tf.squeeze(tf.slice(logits, [0, 0, i], [-1, -1, 1]), [2]);
}

/** The halting head: `n` rows that start at 0, with the bias that makes stopping unlikely at first. */
export function headParams(n: number, dModel: number, bias: number): StrategyParam[] {
  return [
    { name: 'q.weight', shape: [n, dModel], init: 'zeros', decay: false },
    { name: 'q.bias', shape: [n], init: { constant: bias }, decay: false },
  ];
}

/** A vector drawn once and never trained, cut off at two standard deviations, [1, 1, dModel]. */
export function fixedVector(name: string, dModel: number): tf.Tensor {
  const values = normal(fold(key(0), name), dModel).map((x) => Math.max(-2, Math.min(2, x)));
  return tf.tensor(values, [1, 1, dModel]);
}

/** Below any logit that is learned: going on is worth nothing when no segment is left. */
const NEVER = -30;

/**
 * arXiv 2506.21734: in each of N H-cycles `z_L <- L(z_L + z_H + e)` T times, then `z_H <- H(z_H + z_L)` (section 2). Gradient
 * flows through the last L-step and the last H-step of a segment (the one-step gradient, eq. 3). Each update makes one
 * segment; rows carry their detached states over updates until they stop (deep supervision). A head on `z_H` learns what
 * stopping and going on are worth (Q-learning; objective `halting` with `continue`), and rows stop when stopping is worth more.
 * `model.loops` is the greatest number of segments, 16 in the paper; evaluation makes them all.
 *
 * The paper's model attends in both directions and has one head a sequence; here attention is causal, the head says for
 * each token, and a row stops when all its scored tokens do. Its post-norm layers are the core's; its embeddings, scaled by
 * `sqrt(dModel)`, are brought to unit scale.
 */
export function hrm(options: z.input<typeof hrmOptions> = {}): Strategy<Nested> {
  const resolved = parseOptions('strategy', hrmOptions, options);
  const { cycles: high, lowCycles: low, segments, lookAhead, exploration, haltBias, fill } = resolved;
  const cycles: Cycles = { high, low, cores: { H: 'H', L: 'L' }, gradient: 2 };
  const gap = (s: Nested, ctx: Ctx<Nested>): tf.Tensor => tf.sub(headLogit(s, ctx, 0), headLogit(s, ctx, 1));
  const { driver, gradient, exit } = fixedLoops();
  return {
    ...{ driver, gradient, exit },
    id: 'hrm',
    options: resolved,
    gives: ['readouts', 'halt', 'goOn'],
    cores: () => [{ name: 'L' }, { name: 'H' }],
    params: (config) => headParams(2, config.dModel, haltBias),
    products: () => 0,
    noise: () => [explorationNoise],
    plan: (ctx) => [segmentPlan(ctx, cycles, { segments, lookAhead })],
    init: (ctx) => {
      const at = (name: string): tf.Tensor => tf.add(tf.zerosLike(ctx.e), fixedVector(name, ctx.config.dModel));
      return carriedOr({ H: at('hrm.H'), L: at('hrm.L'), segments: tf.zeros([...ctx.inputs.ids.shape]) }, ctx);
    },
    step: (s, k, ctx) => {
      if (!isHigh(k, cycles)) return { ...s, L: ctx.core(tf.add(tf.add(s.L, s.H), unitInput(ctx))) };
      return { ...s, H: ctx.core(tf.add(s.H, s.L)), segments: k.inner ? s.segments : tf.add(s.segments, 1) };
    },
    halt: (s, ctx) => headLogit(s, ctx, 0),
    goOn: (s, ctx) =>
      tf.where(tf.greater(s.segments, ctx.config.loops), tf.fill(s.segments.shape, NEVER), headLogit(s, ctx, 1)),
    read: (s, { model }) => model.head(model.coda(s.H)),
    renew: (s, ctx) => rowsDone(gap(s, ctx), s, ctx, exploration),
    kv: perLoop({ fill }),
    stages: [{ name: 'train', objective: { id: 'halting', continue: lookAhead }, trainable: 'all', carry: 'rows' }],
  };
}
