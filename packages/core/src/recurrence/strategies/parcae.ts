// Parcae: a state of its own width whose linear part cannot grow, with the normed input added in every loop.
import { linear, rmsNorm } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { perLoop, perLoopOptions } from '../../kv/perLoop.ts';
import type { ModelConfig } from '../../model/config.ts';
import { CORE } from '../../model/specs.ts';
import { fold } from '../../rng/random.ts';
import { loopPlan } from '../plan.ts';
import type { Strategy } from '../strategy.ts';
import { StrategyError } from '../strategyError.ts';
import { poisson } from './depthLaw.ts';
import { fixedLoops, type Hidden } from './fixedLoops.ts';

export const parcaeOptions = z.strictObject({
  width: z.number().int().min(1).optional().describe('width of the recurrent state (default: model.dModel)'),
  gradLoops: z
    .number()
    .int()
    .min(1)
    .default(4)
    .describe('in training, gradient flows through the last so many loops only'),
  decay: z
    .number()
    .gt(0)
    .lt(1)
    .default(Math.sqrt(1 / 5))
    .describe('share of the state that a loop keeps at the start of training'),
  stateStd: z
    .number()
    .min(0)
    .default(Math.sqrt(2 / 5))
    .describe('standard deviation of the random state that every token starts from'),
  fill: perLoopOptions.shape.fill,
});

/**
 * arXiv 2604.12946: `h_t = core(exp(-dt A) h_{t-1} + dt B norm(e))` with `A = exp(A.log) > 0` and
 * `dt = softplus(dt.bias) > 0` per channel, so that no channel of the linear part grows; logits from `C h`. Training runs
 * `max(1, Poisson(model.loops))` loops, one depth for the whole batch, the last four with gradient.
 */
export function parcae(options: z.input<typeof parcaeOptions> = {}): Strategy<Hidden> {
  const resolved = parseOptions('strategy', parcaeOptions, options);
  const { gradLoops, decay, stateStd, fill } = resolved;
  const widthOf = (config: ModelConfig): number => resolved.width ?? config.dModel;
  const dt0 = -Math.log(decay); // with A = 1
  return {
    ...fixedLoops(),
    id: 'parcae',
    options: resolved,
    check: (config) => {
      const head = config.dModel / config.heads;
      if (widthOf(config) % head === 0) return;
      throw new StrategyError(
        `strategy parcae: width must be a multiple of the head width ${head} (got ${widthOf(config)}); set strategy.width`,
      );
    },
    cores: (config) => {
      const ratio = widthOf(config) / config.dModel;
      if (ratio === 1) return [{ name: CORE }];
      return [
        {
          name: CORE,
          dModel: widthOf(config),
          heads: Math.round(config.heads * ratio),
          dFF: Math.round(config.dFF * ratio),
        },
      ];
    },
    params: (config) => {
      const [d, w] = [config.dModel, widthOf(config)];
      const map = w === d ? 'identity' : ({ normal: 1 / Math.sqrt(Math.max(d, w)) } as const);
      return [
        { name: 'A.log', shape: [w], init: 'zeros', decay: false },
        { name: 'dt.bias', shape: [w], init: { constant: Math.log(Math.expm1(dt0)) }, decay: false },
        { name: 'norm.weight', shape: [d], init: 'ones', decay: false },
        { name: 'B.weight', shape: [w, d], init: map, decay: false },
        { name: 'C.weight', shape: [d, w], init: map, decay: false },
      ];
    },
    noise: (config) => [{ name: 'h0', per: 'token', shape: [widthOf(config)], law: 'normal' }],
    schedule: ({ step, key, config }) => ({ loops: Math.max(1, poisson(fold(key, step), config.loops)) }),
    plan: ({ loops, train, inputs }) => [
      { ...loopPlan(loops, train ? Math.min(gradLoops, loops) : loops), depth: inputs?.depth },
    ],
    init: (ctx) => ({ h: tf.mul(tf.clipByValue(ctx.noise('h0'), -3, 3), stateStd) }),
    step: (s, _k, { e, core, model }) => {
      const dt = tf.softplus(model.param('dt.bias'));
      const keep = tf.exp(tf.neg(tf.mul(dt, tf.exp(model.param('A.log')))));
      const input = rmsNorm(e, model.param('norm.weight'), model.config.normEps);
      return { h: core(tf.add(tf.mul(s.h, keep), tf.mul(linear(input, model.param('B.weight')), dt))) };
    },
    read: (s, { model }) => model.head(model.coda(linear(s.h, model.param('C.weight')))),
    products: (config) => config.dModel * widthOf(config), // C is applied once, at the end
    kv: perLoop({ fill }),
    stages: [{ name: 'train', trainable: 'all', carry: 'none' }],
  };
}
