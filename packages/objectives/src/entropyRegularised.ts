// Ouro's Stage I: the expected loss under the exit distribution, kept from collapsing by its entropy.
import { exitLogProbs, parseOptions } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { haltLogits, type Objective, onlyTrace, sumTerms } from './objective.ts';
import { tokenLosses, weightedMean } from './tokens.ts';

export const entropyRegularisedOptions = z.strictObject({
  beta: z
    .number()
    .min(0)
    .default(0.1)
    .describe('weight of the entropy of the exit distribution, in nats per nat; Ouro: 0.1, later 0.05'),
});

/**
 * `sum_t p_t L_t - beta H(p)` per token (arXiv 2510.25741, eq. 4-5). Up to a constant this is the negative ELBO with a
 * uniform prior over exit steps. The last step takes what is left of the probability; all of it in log space.
 * Terms: `expectedLoss`, and `entropy` = `-beta H`.
 */
export function entropyRegularised(options: z.input<typeof entropyRegularisedOptions> = {}): Objective {
  const resolved = parseOptions('objective', entropyRegularisedOptions, options);
  return {
    id: 'entropyRegularised',
    options: resolved,
    needs: ['readouts', 'halt'],
    readouts: 'all',
    trains: 'all',
    terms: (traces, batch) => {
      const trace = onlyTrace('entropyRegularised', traces);
      const logP = exitLogProbs(haltLogits('entropyRegularised', trace));
      const p = logP.map((x) => tf.exp(x));
      const sum = (xs: readonly tf.Tensor[]): tf.Tensor => xs.reduce((a, b) => tf.add(a, b));
      const expected = sum(tokenLosses(trace, batch).map((l, t) => tf.mul(p[t] as tf.Tensor, l))); // one p a step
      const negEntropy = sum(p.map((q, t) => tf.mul(q, logP[t] as tf.Tensor)));
      return sumTerms({
        expectedLoss: weightedMean(expected, batch.weights),
        entropy: tf.mul(weightedMean(negEntropy, batch.weights), resolved.beta),
      });
    },
  };
}
