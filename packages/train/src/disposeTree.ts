// Frees the tensors of nested objects and arrays.
import * as tf from '@tensorflow/tfjs-core';

/** Frees every tensor in a tree of objects and arrays. */
export function disposeTree(tree: object): void {
  tf.dispose(tree as tf.TensorContainer); // the type lists the same trees, but not readonly ones
}
