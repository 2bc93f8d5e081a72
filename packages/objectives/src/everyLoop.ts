// Cross-entropy of every loop with equal weight: deep supervision of the readouts.
import { parseOptions } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { type Objective, onlyTrace, sumTerms } from './objective.ts';
import { tokenLosses, weightedMean } from './tokens.ts';

export const everyLoopOptions = z.strictObject({});

/** Term `crossEntropy`: mean over loops of the weighted mean over tokens, in nats. */
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
      const mean = tf.div(
        losses.reduce((a, b) => tf.add(a, b)),
        losses.length,
      );
      return sumTerms({ crossEntropy: weightedMean(mean, batch.weights) });
    },
  };
}
