// Deep supervision with a halting head: every loop answers, and the head learns whether the answer is right.
import { parseOptions, stopGradient } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { haltLogits, type Objective, ObjectiveError, onlyTrace, sumTerms } from './objective.ts';
import { binaryCrossEntropy, tokenLosses, weightedMean } from './tokens.ts';

export const haltingOptions = z.strictObject({
  weight: z.number().min(0).default(0.5).describe('weight of each halting loss beside the cross-entropy'),
  continue: z
    .boolean()
    .default(false)
    .describe('also learn what going on is worth, by Q-learning: needs a strategy with a second logit (HRM)'),
});

/**
 * Means over loops and scored tokens: `crossEntropy` of every loop; `halt`, the binary cross-entropy of the halting logit
 * against whether the most likely symbol is the right one (HRM, arXiv 2506.21734; TRM, arXiv 2510.04871, section 4.6); with
 * `continue` also `goOn`, that of the second logit against `sigmoid(max(halt, goOn))` one loop later, where stopping and going on
 * both are possible (the target of Q-learning with undiscounted reward 1 for being right at the stop). Targets are detached. The
 * last loop's target is what the plan looks ahead to, if it does; otherwise the last loop has none.
 *
 * The papers take the stable-max in place of the softmax, and one halting value a sequence.
 */
export function halting(options: z.input<typeof haltingOptions> = {}): Objective {
  const resolved = parseOptions('objective', haltingOptions, options);
  return {
    id: 'halting',
    options: resolved,
    needs: resolved.continue ? ['readouts', 'halt', 'goOn'] : ['readouts', 'halt'],
    readouts: 'all',
    trains: 'all',
    terms: (traces, batch) => {
      const trace = onlyTrace('halting', traces);
      const halt = haltLogits('halting', trace);
      const mean = (xs: readonly tf.Tensor[]): tf.Tensor =>
        weightedMean(
          tf.div(
            xs.reduce((a, b) => tf.add(a, b)),
            xs.length,
          ),
          batch.weights,
        );
      const stops = halt.map((logit, t) => {
        const right = tf.equal(tf.argMax(stopGradient(trace.logits(t)), 2), batch.targets);
        return binaryCrossEntropy(logit, tf.cast(right, 'float32'));
      });
      const terms = {
        crossEntropy: mean(tokenLosses(trace, batch)),
        halt: tf.mul(mean(stops), resolved.weight),
      };
      if (!resolved.continue) return sumTerms(terms);
      const { goOn = [], ahead } = trace;
      const next = [...goOn.slice(1).map((logit, t) => ({ halt: halt[t + 1] as tf.Tensor, goOn: logit })), ahead];
      const goes = goOn.flatMap((logit, t) => {
        const then = next[t];
        return then ? [binaryCrossEntropy(logit, tf.sigmoid(stopGradient(tf.maximum(then.halt, then.goOn))))] : [];
      });
      if (goes.length === 0) {
        throw new ObjectiveError(
          'objective halting with continue sees nothing after the last loop; let the strategy look ahead, make several loops an update, or set continue to false',
        );
      }
      return sumTerms({ ...terms, goOn: tf.mul(mean(goes), resolved.weight) });
    },
  };
}
