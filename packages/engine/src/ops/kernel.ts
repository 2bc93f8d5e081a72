// How the fused operations find a kernel of their own on the current backend.
import * as tf from '@tensorflow/tfjs-core';

/** True if the current backend has its own kernel of this name; otherwise the operation is composed of tfjs ones. */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** Runs a kernel through the tfjs engine, so that its registered gradient is taped, and returns all its outputs. */
export function runKernels(name: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap = {}): tf.Tensor[] {
  const out: tf.Tensor | tf.Tensor[] = tf.engine().runKernel(name, inputs, attrs);
  return Array.isArray(out) ? out : [out];
}

/** The first output of a kernel; what else it returns is kept for its gradient. */
export function runKernel(name: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap = {}): tf.Tensor {
  return runKernels(name, inputs, attrs)[0] as tf.Tensor;
}
