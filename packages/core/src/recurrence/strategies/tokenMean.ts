// The mean over the tokens of a batch that are no padding.
import * as tf from '@tensorflow/tfjs-core';
import type { Inputs } from '../plan.ts';

/**
 * @param x [batch, seq]
 * @returns a scalar
 */
export function tokenMean(x: tf.Tensor, { keyMask }: Pick<Inputs, 'keyMask'>): tf.Tensor {
  return keyMask ? tf.div(tf.sum(tf.mul(x, keyMask)), tf.maximum(tf.sum(keyMask), 1)) : tf.mean(x);
}
