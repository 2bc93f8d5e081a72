// Progressive training: the full trajectory, and one that goes on with gradient from where it was left without.
import { parseOptions } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { type Objective, pairOfTraces, sumTerms } from './objective.ts';
import { lastLoss } from './tokens.ts';

export const progressiveOptions = z.strictObject({
  alpha: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('share of the progressive trajectory; the paper has 1 for prefix sums, 0.5 for chess, 0.01 for mazes'),
});

/**
 * `(1 - alpha) L_full + alpha L_progressive` (arXiv 2202.05826, algorithm 1), each the cross-entropy of a trajectory's
 * last readout. A single trajectory, as in evaluation, counts whole.
 * Terms: `full`, `progressive`.
 */
export function progressive(options: z.input<typeof progressiveOptions> = {}): Objective {
  const resolved = parseOptions('objective', progressiveOptions, options);
  return {
    id: 'progressive',
    options: resolved,
    needs: ['trajectories'],
    readouts: 'last',
    trains: 'all',
    terms: (traces, batch) => {
      const [full, other] = pairOfTraces('progressive', traces);
      const [a, b] = [full, other].map((trace) => trace && lastLoss(trace, batch)) as [
        tf.Tensor,
        tf.Tensor | undefined,
      ]; // the first trace is there
      if (!b) return sumTerms({ full: a });
      return sumTerms({ full: tf.mul(a, 1 - resolved.alpha), progressive: tf.mul(b, resolved.alpha) });
    },
  };
}
