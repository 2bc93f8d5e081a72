// Cross-entropy of every loop, later ones weighing more if wanted: deep supervision of the readouts.
import { parseOptions } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { type Objective, onlyTrace, sumTerms } from './objective.ts';
import { tokenLosses, weightedMean } from './tokens.ts';

export const everyLoopOptions = z.strictObject({
  discount: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe('weight of a loop beside that of the loop after it; 1 = every loop alike'),
});

/**
 * Deep supervision (arXiv 1409.5185). Term `crossEntropy`: the mean over loops `t = 1..T`, weighted by
 * `discount^(T-t)`, of the weighted mean over tokens, in nats.
 */
export function everyLoop(options: z.input<typeof everyLoopOptions> = {}): Objective {
  const resolved = parseOptions('objective', everyLoopOptions, options);
  return {
    id: 'everyLoop',
    options: resolved,
    needs: ['readouts'],
    readouts: 'all',
    trains: 'all',
    terms: (traces, batch) => {
      const losses = tokenLosses(onlyTrace('everyLoop', traces), batch);
      const weights = losses.map((_, t) => resolved.discount ** (losses.length - 1 - t));
      const sum = losses
        .map((x, t) => (weights[t] === 1 ? x : tf.mul(x, weights[t] ?? 0)))
        .reduce((a, b) => tf.add(a, b));
      const mean = tf.div(
        sum,
        weights.reduce((a, b) => a + b),
      );
      return sumTerms({ crossEntropy: weightedMean(mean, batch.weights) });
    },
  };
}
