// The loss of adaptive computation time: cross-entropy of the output and a price for every loop it took.
import { parseOptions } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { type Objective, ObjectiveError, onlyTrace, sumTerms } from './objective.ts';
import { lastLoss } from './tokens.ts';

export const actPonderOptions = z.strictObject({
  tau: z.number().min(0).default(0.01).describe('price of a loop, in nats a token'),
});

/**
 * `L + tau P` (arXiv 1603.08983, section 2): the ponder cost `P` is what the steps left as `ponder`, summed; for adaptive
 * computation time the mean over tokens of loops taken plus remainder.
 * Terms: `crossEntropy` of the last readout, `ponder` = `tau P`.
 */
export function actPonder(options: z.input<typeof actPonderOptions> = {}): Objective {
  const resolved = parseOptions('objective', actPonderOptions, options);
  return {
    id: 'actPonder',
    options: resolved,
    needs: ['ponder'],
    readouts: 'last',
    trains: 'all',
    terms: (traces, batch) => {
      const trace = onlyTrace('actPonder', traces);
      const costs = trace.terms.flatMap(({ ponder }) => (ponder ? [ponder] : []));
      if (costs.length === 0) {
        throw new ObjectiveError(
          "objective actPonder needs the term 'ponder' and no step left it; return it from terms(), or use a strategy that gives 'ponder', such as universalTransformer",
        );
      }
      return sumTerms({
        crossEntropy: lastLoss(trace, batch),
        ponder: tf.mul(
          costs.reduce((a, b) => tf.add(a, b)),
          resolved.tau,
        ),
      });
    },
  };
}
