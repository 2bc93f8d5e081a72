// Toss the gate's coin after every loop, with tosses that can be replayed.
import { tensor } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import { fold, key, uniform } from '../rng/random.ts';
import type { ExitRule } from './exitRule.ts';

export const bernoulliOptions = z.strictObject({
  seed: z.number().int().min(0).default(0).describe('seed of the tosses; the same seed stops the same tokens'),
});

/**
 * PonderNet's halting (arXiv 2107.05407, section 2.2): after loop n a token stops with probability `lambda_n`, the gate's
 * sigmoid. The toss of a token and loop depends on the seed, its row and its position alone, not on what is computed
 * together; so that a compiled loop need not draw, the memory holds a token's tosses for all its loops.
 */
export function bernoulli(options: z.input<typeof bernoulliOptions> = {}): ExitRule {
  const resolved = parseOptions('exit', bernoulliOptions, options);
  const root = fold(key(resolved.seed), 'bernoulli');
  return {
    id: 'bernoulli',
    options: resolved,
    needs: ['halt'],
    init: ({ batch, seq, loops, offset, rows }) => {
      const draws = new Float32Array(batch * seq * loops);
      for (let b = 0; b < batch; b++) {
        const row = fold(root, rows?.[b] ?? b);
        for (let j = 0; j < seq; j++) draws.set(uniform(fold(row, offset + j), loops), (b * seq + j) * loops);
      }
      return { draws: tensor(draws, [batch, seq, loops]) };
    },
    check: (memory, { loop, halt }) => {
      const draws = memory.draws as tf.Tensor; // made in init
      const now = tf.equal(tf.expandDims(loop, 2), tf.range(1, (draws.shape[2] ?? 0) + 1)); // [batch, seq, loops]
      const u = tf.sum(tf.mul(draws, tf.cast(now, 'float32')), 2);
      return { memory, done: tf.cast(tf.less(u, tf.sigmoid(halt as tf.Tensor)), 'float32') }; // needed above
    },
  };
}
