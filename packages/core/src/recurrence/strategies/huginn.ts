// Huginn: starts from noise, mixes the input in by concatenation, and trains at a random depth.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { kl, klOptions } from '../../exit/kl.ts';
import { perLoop, perLoopOptions } from '../../kv/perLoop.ts';
import { fold } from '../../rng/random.ts';
import { loopPlan } from '../plan.ts';
import type { Strategy } from '../strategy.ts';
import { concatInject, concatParam } from './concatInjection.ts';
import { poissonLogNormal } from './depthLaw.ts';
import { fixedLoops, type Hidden } from './fixedLoops.ts';

export const huginnOptions = z.strictObject({
  gradLoops: z
    .number()
    .int()
    .min(1)
    .default(8)
    .describe('k: in training, gradient flows through the last so many loops only'),
  sigma: z
    .number()
    .min(0)
    .default(0.5)
    .describe('spread of the number of loops in training, as the standard deviation of its logarithm'),
  stateStd: z
    .number()
    .min(0)
    .default(Math.sqrt(2 / 5))
    .describe('standard deviation of the random state that every token starts from'),
  exitThreshold: klOptions.shape.threshold,
  fill: perLoopOptions.shape.fill,
});

/**
 * arXiv 2502.05171, section 3: `h_0 ~ N(0, sigma^2)`, `h_t = core(W [h_{t-1}; e])`. `sigma^2 = 2/5` is the variance of
 * an embedding at the start, `2 / (5 dModel)`, times the square of the embeddings' factor `sqrt(dModel)`; the
 * published draw is truncated at three standard deviations, here clipped there (0.3% of the entries). Training runs
 * `Poisson(LogNormal) + 1` loops around a mean of `model.loops`, the last eight with gradient. No halting is trained;
 * generation stops a token when its prediction no longer moves.
 */
export function huginn(options: z.input<typeof huginnOptions> = {}): Strategy<Hidden> {
  const resolved = parseOptions('strategy', huginnOptions, options);
  const { gradLoops, sigma, stateStd, fill } = resolved;
  return {
    ...fixedLoops(),
    id: 'huginn',
    options: resolved,
    params: (config) => [concatParam(config)],
    noise: (config) => [{ name: 'h0', per: 'token', shape: [config.dModel], law: 'normal' }],
    schedule: ({ step, key, config }) => ({ loops: poissonLogNormal(fold(key, step), config.loops, sigma) }),
    plan: ({ loops, train, inputs }) => [
      { ...loopPlan(loops, train ? Math.min(gradLoops, loops) : loops), depth: inputs?.depth },
    ],
    init: (ctx) => ({ h: tf.mul(tf.clipByValue(ctx.noise('h0'), -3, 3), stateStd) }),
    step: (s, _k, ctx) => ({ h: ctx.core(concatInject(s.h, ctx)) }),
    kv: perLoop({ fill }),
    exit: kl({ threshold: resolved.exitThreshold }),
    stages: [{ name: 'train', trainable: 'all', carry: 'none' }],
  };
}
