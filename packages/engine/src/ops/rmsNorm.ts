// Root-mean-square normalisation with its gradient.
import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernel.ts';

/**
 * `y = x / sqrt(mean(x^2) + eps) * weight` over the last axis (Zhang & Sennrich 2019, eq. 4).
 * @param x [..., d]
 * @param weight [d], or null for no scale
 */
export function rmsNorm(x: tf.Tensor, weight: tf.Tensor | null, eps: number): tf.Tensor {
  const d = x.shape[x.rank - 1] ?? 0;
  if (weight !== null && (weight.rank !== 1 || weight.shape[0] !== d)) {
    throw new Error(`rmsNorm: weight must have shape [${d}] for x [${x.shape}] (got [${weight.shape}])`);
  }
  if (hasKernel('RmsNorm')) {
    return weight === null ? runKernel('RmsNormUnit', { x }, { eps }) : runKernel('RmsNorm', { x, weight }, { eps });
  }
  const y = tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps)));
  return weight === null ? y : tf.mul(y, weight);
}
