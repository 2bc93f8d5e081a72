// The equilibrium reasoner: the tiny recursive model, damped and noisy, from random starts of which the one that settles is read.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import type { Ctx, Strategy } from '../strategy.ts';
import { carriedOr, explorationNoise, isHigh, type Nested } from './segments.ts';
import { trm, trmCycles, trmOptions } from './trm.ts';
import { unitInput } from './unitInput.ts';

export const eqrOptions = trmOptions.extend({
  lambda: z.number().gt(0).max(1).default(0.95).describe('share of the new value in a step; the rest is the old one'),
  noise: z.number().min(0).default(0.01).describe('standard deviation of the noise added in each step'),
  initStd: z.number().min(0).default(1).describe('standard deviation of the random start of both states'),
  breadth: z
    .number()
    .int()
    .min(1)
    .default(1)
    .describe('trajectories from different starts in evaluation, of which the one that settles best is read'),
  window: z.number().int().min(1).default(3).describe('last segments over which the change of the logits is compared'),
});

/** With breadth, the states remember what they last said and by how much it changed. */
export interface Settling extends Nested {
  /** Logits after the last segment, [batch, seq, vocab]. */
  readonly said?: tf.Tensor;
  /** Length of the change of the logits in each of the last segments, [batch, seq, window]. */
  readonly changes?: tf.Tensor;
}

/**
 * arXiv 2605.21488: TRM's recursion with `z <- (1 - lambda) z + lambda net(z + input) + sigma xi` in every step, in evaluation
 * too, and a random start for each row. Test-time compute goes into depth (more segments) and breadth (more starts); of the
 * starts, a row is read from the one whose logits changed least over the last three segments.
 *
 * A token draws three vectors: two starts and one of noise. Steps and trajectories take them rotated along the width, by the
 * number of the step and of the trajectory. As in {@link trm}, attention is causal and the halting head says for each token.
 */
export function eqr(options: z.input<typeof eqrOptions> = {}): Strategy<Settling> {
  const resolved = parseOptions('strategy', eqrOptions, options);
  const { lambda, noise, initStd, breadth, window, ...rest } = resolved;
  const base = trm(rest) as unknown as Strategy<Settling>; // its functions look at the leaves of Nested only
  const cycles = trmCycles(resolved);
  const said = (s: Settling, { model }: Ctx<Settling>): tf.Tensor => model.head(model.coda(s.H));
  return {
    ...base,
    id: 'eqr',
    options: resolved,
    noise: (config) => [
      explorationNoise,
      ...['H0', 'L0', 'xi'].map((name) => ({ name, per: 'token', shape: [config.dModel], law: 'normal' }) as const),
    ],
    plan: (ctx) => {
      const plans = base.plan(ctx);
      if (ctx.train || breadth === 1) return plans;
      return Array.from({ length: breadth }, (_, i) => plans.map((p) => ({ ...p, tag: `${i}` }))).flat();
    },
    init: (ctx, plan) => {
      const at = (name: string): tf.Tensor => tf.mul(rotated(ctx.noise(name), Number(plan.tag ?? 0)), initStd);
      const shape = [...ctx.inputs.ids.shape];
      const start = carriedOr<Nested>({ H: at('H0'), L: at('L0'), segments: tf.zeros(shape) }, ctx);
      if (ctx.train || breadth === 1) return start;
      const changes = tf.zeros([...shape, window]);
      return { ...start, said: tf.zeros([...shape, ctx.config.vocab]), changes };
    },
    step: (s, k, ctx) => {
      const high = isHigh(k, cycles);
      const [from, input] = high ? [s.H, s.L] : [s.L, tf.add(s.H, unitInput(ctx))];
      const xi = tf.mul(rotated(ctx.noise('xi'), k.t), noise);
      const to = tf.add(tf.add(tf.mul(from, 1 - lambda), tf.mul(ctx.core(tf.add(from, input)), lambda)), xi);
      if (!high) return { ...s, L: to };
      const next = { ...s, H: to, segments: k.inner ? s.segments : tf.add(s.segments, 1) };
      if (k.inner || !s.said || !s.changes) return next;
      const now = said(next, ctx);
      const change = tf.norm(tf.sub(now, s.said), 'euclidean', 2, true); // [batch, seq, 1]
      return { ...next, said: now, changes: tf.concat([tf.slice(s.changes, [0, 0, 1], [-1, -1, -1]), change], 2) };
    },
    choose: (finals) => {
      const late = finals.map((s) => tf.mean(s.changes as tf.Tensor, [1, 2])); // there with breadth; [batch] each
      return tf.expandDims(tf.argMin(tf.stack(late, 1), 1), 1);
    },
    stages: [{ name: 'train', objective: { id: 'halting' }, trainable: 'all', carry: 'rows' }],
  };
}

/** `x` with its last axis turned by `by` places. */
function rotated(x: tf.Tensor, by: number): tf.Tensor {
  const width = x.shape.at(-1) ?? 1;
  const first = by % width;
  if (first === 0) return x;
  const from = new Array<number>(x.rank - 1).fill(0);
  const all = new Array<number>(x.rank - 1).fill(-1);
  return tf.concat(
    [tf.slice(x, [...from, first], [...all, -1]), tf.slice(x, [...from, 0], [...all, first])],
    x.rank - 1,
  );
}
