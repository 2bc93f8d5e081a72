// What the rules that compare two readouts share: the log-probabilities of the loop before.
import * as tf from '@tensorflow/tfjs-core';
import type { ThresholdTest } from './thresholdRule.ts';

/**
 * A test of two neighbouring readouts, given as log-probabilities [batch, seq, vocab]. The first loop has nothing to
 * compare with and stops no token.
 * @param compare [batch, seq] bool: which tokens leave
 */
export function readoutTest(
  compare: (now: tf.Tensor, last: tf.Tensor, threshold: number | tf.Tensor) => tf.Tensor,
): Pick<ThresholdTest, 'needs' | 'init' | 'test'> {
  return {
    needs: ['logits'],
    init: ({ batch, seq, vocab }) => ({ last: tf.zeros([batch, seq, vocab]) }),
    test: (memory, { loop, logits }, threshold) => {
      const now = tf.logSoftmax(logits as tf.Tensor); // needed above
      const stops = compare(now, memory.last as tf.Tensor, threshold); // made in init
      return { memory: { last: now }, stops: tf.logicalAnd(stops, tf.greater(loop, 1)) };
    },
  };
}
