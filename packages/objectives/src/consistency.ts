// Shortcut consistency: a short trajectory learns the task and to end where the long one ended.
import { parseOptions, stopGradient, type Trace } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { type Objective, pairOfTraces, sumTerms } from './objective.ts';
import { lastLoss, weightedMean } from './tokens.ts';

export const consistencyOptions = z.strictObject({
  short: z.number().min(0).default(0.1).describe("weight of the short trajectory's cross-entropy"),
  consistency: z.number().min(0).default(0.1).describe('weight of the squared distance between the two ends'),
});

/**
 * `CE_long + short CE_short + consistency MSE(sg(h_long), h_short)` (arXiv 2602.11451): `h` is the first leaf of the
 * last state, its squared distance a mean over channels and a weighted mean over tokens; the long trajectory is not
 * moved by it. A single trajectory, as in evaluation, counts as the long one.
 * Terms: `long`, `short`, `consistency`.
 */
export function consistency(options: z.input<typeof consistencyOptions> = {}): Objective {
  const resolved = parseOptions('objective', consistencyOptions, options);
  return {
    id: 'consistency',
    options: resolved,
    needs: ['trajectories'],
    readouts: 'last',
    trains: 'all',
    terms: (traces, batch) => {
      const [long, short] = pairOfTraces('consistency', traces);
      const loss = (trace: Trace): tf.Tensor => lastLoss(trace, batch);
      if (!short) return sumTerms({ long: loss(long) });
      const gap = tf.mean(tf.square(tf.sub(stopGradient(end(long)), end(short))), 2);
      return sumTerms({
        long: loss(long),
        short: tf.mul(loss(short), resolved.short),
        consistency: tf.mul(weightedMean(gap, batch.weights), resolved.consistency),
      });
    },
  };
}

/** The first leaf of the last state, [batch, seq, width]. */
function end(trace: Trace): tf.Tensor {
  const [leaf] = Object.values(trace.states.at(-1) ?? {}) as [tf.Tensor]; // states have a leaf
  return leaf.rank === 2 ? tf.expandDims(leaf, 2) : leaf;
}
