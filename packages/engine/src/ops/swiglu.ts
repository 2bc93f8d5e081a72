// The gated activation of the feed-forward layer.
import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernel.ts';

/**
 * `silu(gate) * up` with silu(x) = x * sigmoid(x) (Shazeer 2020, SwiGLU).
 * @param gate any shape
 * @param up same shape
 */
export function swiglu(gate: tf.Tensor, up: tf.Tensor): tf.Tensor {
  if (`${gate.shape}` !== `${up.shape}`) {
    throw new Error(`swiglu: gate and up must have one shape (got [${gate.shape}] and [${up.shape}])`);
  }
  if (hasKernel('Swiglu')) return runKernel('Swiglu', { gate, up });
  return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up);
}
