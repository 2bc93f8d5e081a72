// Two nested states in segments: the cycles of a segment, where it starts, and when a row that is carried over updates is done.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { perLoopOptions } from '../../kv/perLoop.ts';
import type { Micro, Plan, PlanContext } from '../plan.ts';
import { freeze, type State } from '../state.ts';
import type { Ctx, NoiseSpec } from '../strategy.ts';

export const segmentOptions = z.strictObject({
  segments: z
    .number()
    .int()
    .min(1)
    .default(1)
    .describe('segments in one update, each supervised; with rows carried over updates one is enough'),
  exploration: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('share of updates in which a row may not stop before a random number of segments'),
  haltBias: z.number().default(-5).describe('bias of the halting head at the start of training'),
  fill: perLoopOptions.shape.fill,
});

/** A high and a low state; a segment of both is a loop. */
export interface Nested extends State {
  /** The answer, [batch, seq, dModel]. */
  readonly H: tf.Tensor;
  /** The scratch pad, [batch, seq, dModel]. */
  readonly L: tf.Tensor;
  /** Segments made so far, [batch, seq]. */
  readonly segments: tf.Tensor;
}

/** How a segment is made up. */
export interface Cycles {
  /** H-cycles, each of so many L-steps and one H-step. */
  readonly high: number;
  readonly low: number;
  /** Cores of the two kinds of step. */
  readonly cores: { readonly H: string; readonly L: string };
  /** Steps at the end of a segment that carry gradient. */
  readonly gradient: number;
}

/** Whether a step updates the high state. */
export function isHigh(k: Micro, { low }: Pick<Cycles, 'low'>): boolean {
  return k.t % (low + 1) === low;
}

/**
 * In training `segments` segments, and one more to look ahead to if asked; otherwise `loops` of them. Every segment is one
 * loop, cut off from the one before.
 */
export function segmentPlan(
  { loops, train, inputs }: PlanContext,
  cycles: Cycles,
  { segments, lookAhead = false }: { segments: number; lookAhead?: boolean },
): Plan {
  const { high, low, cores, gradient } = cycles;
  const length = high * (low + 1);
  const kept = train ? segments : loops;
  const count = train && lookAhead ? kept + 1 : kept;
  const steps = Array.from({ length: count * length }, (_, t): Micro => {
    const [segment, place] = [Math.floor(t / length), t % length];
    const kind = isHigh({ core: '', t, grad: true }, cycles) ? cores.H : cores.L;
    const ahead = segment >= kept;
    return {
      ...{ core: kind, t, grad: !ahead && (!train || place >= length - gradient) },
      ...(place < length - 1 ? { inner: true } : {}),
      ...(ahead ? { ahead: true } : {}),
    };
  });
  return { steps, ...(inputs?.depth ? { depth: tf.mul(inputs.depth, length) } : {}) }; // data count loops
}

/** `fresh`, or where a row goes on, the state it was carried over in. */
export function carriedOr<S extends State>(fresh: S, { carry }: Ctx<S>): S {
  return carry ? freeze(carry.fresh, carry.state, fresh) : fresh;
}

/** What `rowsDone` explores with. */
export const explorationNoise: NoiseSpec = { name: 'explore', per: 'row', shape: [2], law: 'uniform' };

/**
 * Rows that start anew, [batch, 1]: those that have made `model.loops` segments, and those all of whose scored tokens want to
 * stop, unless this update's draw holds them back: with probability `exploration` a row may not stop before a number of
 * segments drawn from 2 to `model.loops` (arXiv 2506.21734, section 2, adaptive computation time).
 * @param gap [batch, seq]: by how much stopping is worth more than going on
 */
export function rowsDone(gap: tf.Tensor, s: Nested, ctx: Ctx<Nested>, exploration: number): tf.Tensor {
  const { config, inputs } = ctx;
  const wants = tf.greater(gap, 0);
  const matters = inputs.weights ? tf.greater(inputs.weights, 0) : tf.onesLike(wants);
  const all = tf.all(tf.logicalOr(wants, tf.logicalNot(matters)), 1, true); // [batch, 1]
  const made = tf.slice(s.segments, [0, 0], [-1, 1]); // the same for every token of a row
  const [chance, uniform] = tf.split(tf.squeeze(ctx.noise('explore'), [1]), 2, 1) as [tf.Tensor, tf.Tensor];
  const least = tf.add(tf.floor(tf.mul(uniform, config.loops - 1)), 2);
  const free = tf.logicalOr(tf.greaterEqual(chance, exploration), tf.greaterEqual(made, least));
  return tf.cast(tf.logicalOr(tf.greaterEqual(made, config.loops), tf.logicalAnd(all, free)), 'float32');
}
