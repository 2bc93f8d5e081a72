// PonderNet's loss: the expected loss under the exit distribution and its divergence from a geometric prior.
import { parseOptions } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { exitDistribution, expectation, klToGeometric } from './exitDistribution.ts';
import { type Objective, onlyTrace, sumTerms } from './objective.ts';
import { tokenLosses, weightedMean } from './tokens.ts';

export const ponderNetLossOptions = z.strictObject({
  beta: z.number().min(0).default(0.01).describe('weight of the divergence, in nats per nat'),
  lambda: z.number().gt(0).lt(1).default(0.2).describe('lambda_p: chance of the prior to leave after a loop'),
});

/**
 * `sum_n p_n L_n + beta KL(p || p_G(lambda_p))` per token (arXiv 2107.05407, section 2.4), with the geometric prior
 * cut off at the last loop and normalised again. Each loop's loss is a token's own, so the gate learns which loop is
 * right.
 * Terms: `expectedLoss`, `divergence` = `beta KL`.
 */
export function ponderNetLoss(options: z.input<typeof ponderNetLossOptions> = {}): Objective {
  const resolved = parseOptions('objective', ponderNetLossOptions, options);
  return {
    id: 'ponderNet',
    options: resolved,
    needs: ['readouts', 'halt'],
    readouts: 'all',
    trains: 'all',
    terms: (traces, batch) => {
      const trace = onlyTrace('ponderNet', traces);
      const exit = exitDistribution('ponderNet', trace);
      const divergence = weightedMean(klToGeometric(exit, resolved.lambda), batch.weights);
      return sumTerms({
        expectedLoss: weightedMean(expectation(exit, tokenLosses(trace, batch)), batch.weights),
        divergence: tf.mul(divergence, resolved.beta),
      });
    },
  };
}
