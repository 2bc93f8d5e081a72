// LoopFormer: loops are steps of chosen sizes through time, and short trajectories learn to end where long ones do.
import { linear } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { perLoop, perLoopOptions } from '../../kv/perLoop.ts';
import { CORE } from '../../model/specs.ts';
import { fold, type Key, randint } from '../../rng/random.ts';
import type { Micro, Plan } from '../plan.ts';
import { stopGradient } from '../stopGradient.ts';
import type { Ctx, Strategy, StrategyParam } from '../strategy.ts';
import { ofFewLengths } from './depthLaw.ts';
import { fixedLoops, type Hidden } from './fixedLoops.ts';
import { sinusoid } from './sinusoid.ts';

export const loopFormerOptions = z.strictObject({
  frequencies: z
    .number()
    .int()
    .min(2)
    .default(256)
    .describe('width of the sinusoidal embeddings of time and step size, before their two-layer networks'),
  fill: perLoopOptions.shape.fill,
});

/** `count` steps; without a size, sizes are drawn (see `shortSizes`). */
const steps = (count: number, dt?: number): readonly Micro[] =>
  Array.from({ length: count }, (_, t) => ({ core: CORE, t, grad: true, ...(dt === undefined ? {} : { dt }) }));

/**
 * Sizes of the `count` steps of a short trajectory as multiples of `1 / loops` that sum to 1, [count]: each uniform on
 * what leaves the later ones at least `1 / loops`, the last what is left.
 * @param u uniform numbers, one a step
 */
export function shortSizes(u: tf.Tensor, count: number, loops: number): tf.Tensor {
  const sizes: tf.Tensor[] = [];
  let left: tf.Tensor = tf.scalar(loops);
  for (let i = 0; i < count; i++) {
    const most = tf.sub(left, count - 1 - i);
    const size = i === count - 1 ? left : tf.add(tf.floor(tf.mul(tf.reshape(tf.slice(u, [i], [1]), []), most)), 1);
    sizes.push(size);
    left = tf.sub(left, size);
  }
  return stopGradient(tf.div(tf.stack(sizes), loops));
}

/** Time before step `k` and its size; numbers where the plan has them. */
function clock(k: Micro, ctx: Ctx<Hidden>): { t: number | tf.Tensor; dt: number | tf.Tensor } {
  if (k.dt !== undefined) return { t: k.t * k.dt, dt: k.dt };
  const sizes = shortSizes(ctx.noise('sizes'), ctx.hp('short'), ctx.loops);
  const at = (from: number, n: number): tf.Tensor => tf.sum(tf.slice(sizes, [from], [n]));
  return { t: k.t === 0 ? 0 : at(0, k.t), dt: at(k.t, 1) };
}

/**
 * arXiv 2602.11451: `h_0 = e`, `h_{t+dt} = core(h_t, c)` with `c = E(t) + E'(dt)`, two networks over sinusoids. A
 * layer's branches read `(1 + scale(c)) x` and are added times `gate(c)`; scales and gates are linear in `silu(c)` and
 * start at 0. Training runs `model.loops` equal steps and, beside them, 1 to `loops - 1` steps of random sizes; both
 * cover the time from 0 to 1. Evaluation takes as many equal steps as it is asked for.
 */
export function loopFormer(options: z.input<typeof loopFormerOptions> = {}): Strategy<Hidden> {
  const resolved = parseOptions('strategy', loopFormerOptions, options);
  const { driver, gradient, exit, init, read } = fixedLoops();
  const embed = (name: string, x: number | tf.Tensor, { param }: Ctx['model']): tf.Tensor => {
    const waves = tf.reshape(sinusoid(x, resolved.frequencies), [1, resolved.frequencies]);
    const hidden = silu(linear(waves, param(`${name}.in.weight`), param(`${name}.in.bias`)));
    return linear(hidden, param(`${name}.out.weight`), param(`${name}.out.bias`));
  };
  return {
    ...{ driver, gradient, exit, init, read },
    id: 'loopFormer',
    options: resolved,
    gives: ['readouts', 'trajectories'],
    params: ({ dModel, layers, initStd }) => [
      ...['time', 'stepSize'].flatMap((name): StrategyParam[] => [
        { name: `${name}.in.weight`, shape: [dModel, resolved.frequencies], init: { normal: initStd }, decay: true },
        { name: `${name}.in.bias`, shape: [dModel], init: 'zeros', decay: false },
        { name: `${name}.out.weight`, shape: [dModel, dModel], init: { normal: initStd }, decay: true },
        { name: `${name}.out.bias`, shape: [dModel], init: 'zeros', decay: false },
      ]),
      { name: 'modulation.weight', shape: [layers * 4 * dModel, dModel], init: 'zeros', decay: true },
      { name: 'modulation.bias', shape: [layers * 4 * dModel], init: 'zeros', decay: false },
    ],
    noise: (_config, loops) => [{ name: 'sizes', per: 'batch', shape: [loops], law: 'uniform' }],
    schedule: ({ step, key, config }) => ({
      hp: { short: shortLength(fold(key, step), Math.max(1, config.loops - 1)) },
    }),
    plan: ({ loops, train, inputs, hp }) => {
      const depth = inputs?.depth;
      const long: Plan = { steps: steps(loops, 1 / loops), depth, tag: 'long' };
      return train ? [long, { steps: steps(hp('short')), depth, tag: 'short' }] : [long];
    },
    step: (s, k, ctx) => {
      const { layers, dModel } = ctx.config;
      const { t, dt } = clock(k, ctx);
      const c = silu(tf.add(embed('time', t, ctx.model), embed('stepSize', dt, ctx.model)));
      const heads = linear(c, ctx.model.param('modulation.weight'), ctx.model.param('modulation.bias'));
      const modulation = tf.add(tf.reshape(heads, [layers, 4, dModel]), tf.tensor3d([1, 0, 1, 0], [1, 4, 1]));
      return { h: ctx.core(s.h, { modulation }) };
    },
    products: () => 0,
    productsOnce: ({ layers, dModel }) => 2 * dModel * (resolved.frequencies + dModel) + 4 * layers * dModel ** 2,
    kv: perLoop({ fill: resolved.fill }),
    stages: [{ name: 'train', objective: { id: 'consistency' }, trainable: 'all', carry: 'none' }],
  };
}

/** Uniform on `1..most`; above eight rounded up to one of eight numbers. */
function shortLength(key: Key, most: number): number {
  return ofFewLengths(1 + (randint(key, 1, most)[0] ?? 0), most);
}

const silu = (x: tf.Tensor): tf.Tensor => tf.mul(x, tf.sigmoid(x));
