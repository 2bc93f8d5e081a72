// Chain of continuous thought: at latent positions the input is the last hidden state of the token before, and text gives way to them.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { ConfigError, parseOptions } from '../../config/parseOptions.ts';
import { perLoop } from '../../kv/perLoop.ts';
import type { Strategy } from '../strategy.ts';
import { fixedLoops, type Hidden } from './fixedLoops.ts';
import { latentThoughts } from './latentThoughts.ts';

export const coconutOptions = z.strictObject({
  thoughts: z
    .number()
    .int()
    .min(1)
    .default(2)
    .describe('c: latent positions that take the place of one reasoning step'),
  maxStage: z
    .number()
    .int()
    .min(1)
    .default(3)
    .describe('reasoning steps that give way to thoughts at most; the curriculum replaces one more in each stage'),
});

/**
 * arXiv 2412.06769: a latent position's input is `h` of the position before. All positions are computed together,
 * `model.loops` times: `h_t = core(x_t)`, where `x_t` is `e` at text and `h_{t-1}` of the token before at latent positions. The
 * n-th thought of a row is right from pass n + 1 on and no pass changes it any more, so `1 + thoughts * maxStage`
 * passes give the values and gradients of computing thought after thought. Stages: the written chain; one more step
 * replaced in each; at last no step left in writing. Loss on what is left of the text.
 */
export function coconut(options: z.input<typeof coconutOptions> = {}): Strategy<Hidden> {
  const resolved = parseOptions('strategy', coconutOptions, options);
  const { thoughts, maxStage } = resolved;
  const { plan, driver, gradient, exit, read, params, init } = fixedLoops();
  const stage = (name: string, skip: number) => ({
    name,
    objective: { id: 'lastLoop' },
    trainable: 'all' as const,
    carry: 'none' as const,
    ...(skip > 0 ? { rewrite: latentThoughts({ skip, thoughts, maxStage }) } : {}),
  });
  return {
    ...{ plan, driver, gradient, exit, read, params, init },
    id: 'coconut',
    options: resolved,
    gives: ['latent'],
    check: ({ loops }) => {
      const passes = 1 + thoughts * maxStage;
      if (loops < passes) {
        throw new ConfigError(
          `strategy coconut computes ${thoughts} x ${maxStage} thoughts one after another and needs ${passes} passes (got loops ${loops}); set model.loops to ${passes}, or fewer thoughts or maxStage`,
        );
      }
    },
    step: (s, _k, { e, core, inputs, previousToken }) => {
      if (!inputs.latent) return { h: core(e) };
      const latent = tf.cast(tf.expandDims(inputs.latent, 2), 'bool'); // [batch, seq, 1]
      return { h: core(tf.where(latent, previousToken(s.h, 'h'), e)) };
    },
    kv: perLoop(),
    stages: [
      stage('written chain', 0),
      ...Array.from({ length: maxStage }, (_, i) => stage(`${i + 1} latent`, i + 1)),
      stage('answer', Number.POSITIVE_INFINITY),
    ],
  };
}
