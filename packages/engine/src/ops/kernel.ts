// How the fused operations find a kernel of their own on the current backend.
import * as tf from '@tensorflow/tfjs-core';

/** True if the current backend has its own kernel of this name; otherwise the operation is composed of tfjs ones. */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** Runs a kernel with one output through the tfjs engine, so that its registered gradient is taped. */
export function runKernel(name: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap = {}): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attrs);
}
