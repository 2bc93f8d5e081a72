// Ouro's Stage I: the expected loss under the exit distribution, kept from collapsing by a prior on the exit loop.
import { parseOptions } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { exitDistribution, expectation, klToGeometric, negativeEntropy } from './exitDistribution.ts';
import { type Objective, onlyTrace, sumTerms } from './objective.ts';
import { tokenLosses, weightedMean } from './tokens.ts';

export const entropyRegularisedOptions = z.strictObject({
  beta: z
    .number()
    .min(0)
    .default(0.1)
    .describe('weight of the entropy of the exit distribution, in nats per nat; Ouro: 0.1, later 0.05'),
  prior: z
    .enum(['uniform', 'geometric'])
    .default('uniform')
    .describe('which law of the exit loop costs nothing: any loop alike, or early ones more likely than late ones'),
  lambda: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.2)
    .describe('chance of the geometric prior to leave after a loop; ignored by the uniform one'),
});

/**
 * `sum_t p_t L_t - beta H(p)` per token (arXiv 2510.25741, eq. 4-5). Up to the constant `beta log T` this is the
 * negative ELBO with a uniform prior over exit loops; with a geometric prior `beta KL(p || prior)` takes the place of
 * `-beta H(p)`. The last loop takes what is left of the probability; all of it in log space.
 * Terms: `expectedLoss`, and `entropy` = `-beta H` or `divergence` = `beta KL`.
 */
export function entropyRegularised(options: z.input<typeof entropyRegularisedOptions> = {}): Objective {
  const resolved = parseOptions('objective', entropyRegularisedOptions, options);
  const { beta, prior, lambda } = resolved;
  return {
    id: 'entropyRegularised',
    options: resolved,
    needs: ['readouts', 'halt'],
    readouts: 'all',
    trains: 'all',
    terms: (traces, batch) => {
      const trace = onlyTrace('entropyRegularised', traces);
      const exit = exitDistribution('entropyRegularised', trace);
      const weighed = (x: tf.Tensor): tf.Tensor => tf.mul(weightedMean(x, batch.weights), beta);
      const expectedLoss = weightedMean(expectation(exit, tokenLosses(trace, batch)), batch.weights);
      if (prior === 'uniform') return sumTerms({ expectedLoss, entropy: weighed(negativeEntropy(exit)) });
      return sumTerms({ expectedLoss, divergence: weighed(klToGeometric(exit, lambda)) });
    },
  };
}
