// Teaches the halting gate alone to send on the tokens whose prediction is still wrong.
import { isLoop, logSigmoid, type Micro, parseOptions, stopGradient } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { haltLogits, type Objective, ObjectiveError, onlyTrace, sumTerms } from './objective.ts';
import { weightedMean } from './tokens.ts';

export const deciderOptions = z.strictObject({
  positiveWeight: z
    .number()
    .positive()
    .default(5.4)
    .describe('weight of the tokens that should go on, of which there are few'),
});

/**
 * Think-at-Hard's second stage (arXiv 2511.08577): for each loop but the last, the binary cross-entropy of "go on", the
 * probability `1 - lambda_t`, against an oracle, over the tokens that computed the loop; summed over loops. The oracle
 * says to go on while the prediction is wrong, or until the batch's `depth` is reached. Only the gate moves. Term: `decider`.
 */
export function decider(options: z.input<typeof deciderOptions> = {}): Objective {
  const resolved = parseOptions('objective', deciderOptions, options);
  return {
    id: 'decider',
    options: resolved,
    needs: ['readouts', 'halt'],
    readouts: 'all',
    trains: ['model.early_exit_gate.*', 'strategy.*'],
    terms: (traces, batch) => {
      const trace = onlyTrace('decider', traces);
      const loops = haltLogits('decider', trace).length;
      if (loops < 2)
        throw new ObjectiveError(
          `objective decider decides between loops (got ${loops}); set model.loops to at least 2`,
        );
      const perLoop = Array.from({ length: loops - 1 }, (_, t) => {
        const hard = batch.depth
          ? tf.greater(batch.depth, t + 1)
          : tf.notEqual(tf.argMax(stopGradient(trace.logits(t)), 2), batch.targets);
        const goOn = tf.cast(hard, 'float32');
        const z = trace.detachedHalt(t); // logit of stopping
        const right = tf.add(
          tf.mul(tf.mul(goOn, resolved.positiveWeight), logSigmoid(tf.neg(z))),
          tf.mul(tf.sub(1, goOn), logSigmoid(z)),
        );
        const active = trace.active[stepOf(trace.plan.steps, t)];
        return weightedMean(tf.neg(right), active ? tf.mul(batch.weights, active) : batch.weights);
      });
      return sumTerms({ decider: perLoop.reduce((a, b) => tf.add(a, b)) });
    },
  };
}

/** Place of loop `t`'s last step in the plan. */
function stepOf(steps: readonly Micro[], t: number): number {
  const ends = steps.flatMap((k, i) => (isLoop(k) ? [i] : []));
  return ends[t] as number; // the trace has a state for each of them
}
