// Each loop says its step of the written chain of thought, and the last one the answer.
import { parseOptions } from '@looplab/core';
import { crossEntropy } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { type Objective, ObjectiveError, onlyTrace, sumTerms } from './objective.ts';
import { tokenLoss, weightedMean } from './tokens.ts';

export const stepSupervisedOptions = z.strictObject({
  answer: z.number().min(0).default(1).describe("weight of the last loop's cross-entropy on the batch's own targets"),
});

/**
 * RELAY's loop-aligned supervision (arXiv 2502.08482): the cross-entropy of loop t against step t of the chain, a
 * weighted mean over tokens and loops, and that of the last loop against the answer.
 * Terms: `steps`, `answer`.
 */
export function stepSupervised(options: z.input<typeof stepSupervisedOptions> = {}): Objective {
  const resolved = parseOptions('objective', stepSupervisedOptions, options);
  return {
    id: 'stepSupervised',
    options: resolved,
    needs: ['readouts'],
    batchNeeds: ['chain'],
    readouts: 'all',
    trains: 'all',
    terms: (traces, batch) => {
      const trace = onlyTrace('stepSupervised', traces);
      const { chain } = batch;
      if (!chain) {
        throw new ObjectiveError(
          'objective stepSupervised needs a chain of thought and the batch has none; use a task that writes one, such as groupWords, or another objective',
        );
      }
      const loops = trace.states.length;
      if (chain.targets.shape[2] !== loops) {
        throw new ObjectiveError(
          `objective stepSupervised: the batch has chain targets for ${chain.targets.shape[2]} loops, the trace has ${loops}; make both of one number of loops`,
        );
      }
      const at = (x: tf.Tensor, t: number): tf.Tensor => tf.squeeze(tf.slice(x, [0, 0, t], [-1, -1, 1]), [2]);
      const losses = trace.states.map((_, t) => crossEntropy(trace.logits(t), at(chain.targets, t)));
      const steps = weightedMean(tf.stack(losses, 2), chain.weights);
      const answer = weightedMean(tokenLoss(trace, loops - 1, batch), batch.weights);
      return sumTerms({ steps, answer: tf.mul(answer, resolved.answer) });
    },
  };
}
