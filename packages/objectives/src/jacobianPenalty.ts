// Cross-entropy with a price on how steeply the step answers to its state, which keeps a fixed point easy to find.
import { parseOptions } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { type Objective, ObjectiveError, onlyTrace, sumTerms } from './objective.ts';
import { lastLoss, weightedMean } from './tokens.ts';

export const jacobianPenaltyOptions = z.strictObject({
  gamma: z
    .number()
    .min(0)
    .default(0.67)
    .describe("weight of the penalty; the paper's WikiText-103 models have 1.9 in 35% of the updates"),
});

/**
 * `crossEntropy` of the last loop plus `gamma |J|_F^2 / dModel` per token, `J` the Jacobian of the step at the fixed point, by
 * one random direction (Bai et al. 2021, arXiv 2106.14342, eq. 6). Term: `jacobian`, over all tokens that are no padding.
 */
export function jacobianPenalty(options: z.input<typeof jacobianPenaltyOptions> = {}): Objective {
  const resolved = parseOptions('objective', jacobianPenaltyOptions, options);
  return {
    id: 'jacobianPenalty',
    options: resolved,
    needs: ['jacobian'],
    readouts: 'last',
    trains: 'all',
    terms: (traces, batch) => {
      const trace = onlyTrace('jacobianPenalty', traces);
      const { jacobian } = trace;
      if (!jacobian) {
        throw new ObjectiveError(
          "objective jacobianPenalty needs a measurement of the step's Jacobian, which the trace lacks; use a strategy that gives 'jacobian', such as deq",
        );
      }
      const crossEntropy = lastLoss(trace, batch);
      const steepness = weightedMean(jacobian, batch.keyMask ?? tf.onesLike(jacobian));
      return sumTerms({ crossEntropy, jacobian: tf.mul(steepness, resolved.gamma) });
    },
  };
}
