// Toss the gate's coin after every loop, with tosses that can be replayed.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import { key } from '../rng/random.ts';
import type { ExitRule } from './exitRule.ts';

export const bernoulliOptions = z.strictObject({
  seed: z.number().int().min(0).default(0).describe('seed of the tosses; the same seed stops the same tokens'),
});

/**
 * PonderNet's halting (arXiv 2107.05407, section 2.2): after loop n a token stops with probability `lambda_n`, the gate's
 * sigmoid. The toss of a token and loop depends on the seed, its row and its position alone, not on what is computed
 * together.
 */
export function bernoulli(options: z.input<typeof bernoulliOptions> = {}): ExitRule {
  const resolved = parseOptions('exit', bernoulliOptions, options);
  return {
    id: 'bernoulli',
    options: resolved,
    needs: ['halt'],
    noise: {
      key: key(resolved.seed),
      specs: (loops) => [{ name: 'bernoulli', per: 'token', shape: [loops], law: 'uniform' }],
    },
    init: ({ noise }) => ({ draws: noise.bernoulli as tf.Tensor }), // asked for above
    check: (memory, { loop, halt }) => {
      const draws = memory.draws as tf.Tensor; // made in init
      const now = tf.equal(tf.expandDims(loop, 2), tf.range(1, (draws.shape[2] ?? 0) + 1)); // [batch, seq, loops]
      const u = tf.sum(tf.mul(draws, tf.cast(now, 'float32')), 2);
      return { memory, done: tf.cast(tf.less(u, tf.sigmoid(halt as tf.Tensor)), 'float32') }; // needed above
    },
  };
}
