// Cross-entropy of the last loop, and what a router is charged for: guessing the choice, balance, the size of its logits.
import { parseOptions } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { type Objective, ObjectiveError, onlyTrace, sumTerms } from './objective.ts';
import { lastLoss } from './tokens.ts';

export const routedOptions = z.strictObject({
  auxiliary: z
    .number()
    .min(0)
    .default(0.001)
    .describe('weight of the cross-entropy of the stand-in router against the choice (expert choice)'),
  balance: z.number().min(0).default(0.1).describe('weight of the balance of depths (token choice)'),
  z: z.number().min(0).default(1e-5).describe("weight of the mean square of the router's logits"),
});

/**
 * Mixture of recursions (arXiv 2507.10524, with the coefficients of its released configurations): `crossEntropy`, and for each of
 * `auxiliary`, `balance` and `z` that the strategy's steps leave, its weight times its sum over the steps.
 */
export function routed(options: z.input<typeof routedOptions> = {}): Objective {
  const resolved = parseOptions('objective', routedOptions, options);
  return {
    id: 'routed',
    options: resolved,
    needs: ['router'],
    readouts: 'last',
    trains: 'all',
    terms: (traces, batch) => {
      const trace = onlyTrace('routed', traces);
      const found = Object.entries(resolved).flatMap(([name, weight]) => {
        const steps = trace.terms.flatMap((terms) => terms[name] ?? []);
        return steps.length === 0
          ? []
          : [
              [
                name,
                tf.mul(
                  steps.reduce((a, b) => tf.add(a, b)),
                  weight,
                ),
              ] as const,
            ];
      });
      if (found.length === 0) {
        throw new ObjectiveError(
          "objective routed finds no term of a router in the trace; let the strategy's terms() return some of auxiliary, balance and z",
        );
      }
      const crossEntropy = lastLoss(trace, batch);
      return sumTerms({ crossEntropy, ...Object.fromEntries(found) });
    },
  };
}
