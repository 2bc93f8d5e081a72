// Cross-entropy of the last loops alone, so that a looped model settles on its answer and keeps it.
import { isLoop, parseOptions } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { type Objective, onlyTrace, sumTerms } from './objective.ts';
import { tokenLoss, weightedMean } from './tokens.ts';

export const windowedOptions = z.strictObject({
  window: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('T: how many of the last loops are read (default: those that carry gradient)'),
});

/**
 * `1/T sum_{t=b-T+1..b} L_t` (arXiv 2311.12424, section 4): the mean cross-entropy of the last `T` of `b` loops, or of
 * all of them if there are fewer. Term: `crossEntropy`, a weighted mean over tokens in nats.
 */
export function windowed(options: z.input<typeof windowedOptions> = {}): Objective {
  const resolved = parseOptions('objective', windowedOptions, options);
  return {
    id: 'windowed',
    options: resolved,
    needs: ['readouts'],
    readouts: resolved.window === undefined ? 'gradient' : 'all',
    trains: 'all',
    terms: (traces, batch) => {
      const trace = onlyTrace('windowed', traces);
      const loops = trace.states.map((_, t) => t);
      const learning = trace.plan.steps.filter((k) => k.grad && isLoop(k)).length;
      const read = loops.slice(-Math.max(1, resolved.window ?? learning));
      const sum = read.map((t) => tokenLoss(trace, t, batch)).reduce((a, b) => tf.add(a, b));
      return sumTerms({ crossEntropy: weightedMean(tf.div(sum, read.length), batch.weights) });
    },
  };
}
