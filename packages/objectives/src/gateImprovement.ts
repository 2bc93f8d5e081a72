// Ouro's Stage II: teaches the gate alone to go on where another loop would lower the loss.
import { parseOptions, stopGradient } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { haltLogits, type Objective, ObjectiveError, onlyTrace, sumTerms } from './objective.ts';
import { binaryCrossEntropy, tokenLosses, weightedMean } from './tokens.ts';

export const gateImprovementOptions = z.strictObject({
  k: z.number().positive().default(50).describe('steepness of the target: how sharply an improvement becomes "go on"'),
  gamma: z
    .number()
    .min(0)
    .default(0.005)
    .describe('improvement in nats at which going on and stopping are equally right'),
  pairing: z
    .enum(['causal', 'paper'])
    .default('causal')
    .describe(
      'which gate is judged by the gain of loop t: that of loop t - 1, which decided on it, or that of loop t, as eq. 6 prints',
    ),
});

/**
 * Improvement `I_t = max(0, L_{t-1} - L_t)`, target `w_t = sigmoid(k (I_t - gamma))`, and per token the binary
 * cross-entropy `-(w log(1 - lambda) + (1 - w) log lambda)` over `t = 2..T` (arXiv 2510.25741, eq. 6). The published
 * equation pairs `w_t` with `lambda_t` and divides by T; the authors' draft pairs it with `lambda_{t-1}`, the gate
 * that takes the decision, and divides by T - 1: `causal`. Losses and states are detached: only the gate moves.
 * Term: `gate`.
 */
export function gateImprovement(options: z.input<typeof gateImprovementOptions> = {}): Objective {
  const resolved = parseOptions('objective', gateImprovementOptions, options);
  const { k, gamma, pairing } = resolved;
  return {
    id: 'gateImprovement',
    options: resolved,
    needs: ['readouts', 'halt'],
    readouts: 'all',
    trains: ['model.early_exit_gate.*', 'strategy.*'],
    terms: (traces, batch) => {
      const trace = onlyTrace('gateImprovement', traces);
      haltLogits('gateImprovement', trace);
      const steps = trace.states.length;
      if (steps < 2)
        throw new ObjectiveError(
          `objective gateImprovement compares loops (got ${steps}); set model.loops to at least 2`,
        );
      const losses = tokenLosses(trace, batch).map(stopGradient);
      const perStep = losses.slice(1).map((loss, i) => {
        const gain = tf.relu(tf.sub(losses[i] as tf.Tensor, loss)); // i is the step before
        const goOn = tf.sigmoid(tf.mul(tf.sub(gain, gamma), k));
        const z = trace.detachedHalt(pairing === 'causal' ? i : i + 1);
        return binaryCrossEntropy(tf.neg(z), goOn);
      });
      const sum = perStep.reduce((a, b) => tf.add(a, b));
      const mean = tf.div(sum, pairing === 'causal' ? steps - 1 : steps);
      return sumTerms({ gate: weightedMean(mean, batch.weights) });
    },
  };
}
