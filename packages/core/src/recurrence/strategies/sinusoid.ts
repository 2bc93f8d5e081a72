// Sinusoidal embedding of a number, such as the index of a loop, a time or a step size.
import * as tf from '@tensorflow/tfjs-core';

/**
 * `[sin(x w_0), ..., cos(x w_0), ...]` with `w_j = 10000^(-2j / width)` (arXiv 1807.03819, eq. 6 and 7, whose interleaved
 * channels stand in halves here). An odd width ends in a 0.
 * @param x a number, or a scalar tensor
 * @returns [width]
 */
export function sinusoid(x: number | tf.Tensor, width: number): tf.Tensor {
  const half = Math.floor(width / 2);
  const angles = tf.mul(x, tf.tensor1d(Array.from({ length: half }, (_, j) => 10_000 ** (-j / half))));
  const waves = [tf.sin(angles), tf.cos(angles)];
  return tf.concat(width % 2 === 0 ? waves : [...waves, tf.zeros([1])]);
}
