// The part of a state that the rules on states look at.
import * as tf from '@tensorflow/tfjs-core';
import type { State } from '../recurrence/state.ts';

/** The first leaf with what it holds of a token in one axis, [batch, seq, width]. */
export function firstLeaf(state: State): tf.Tensor {
  const leaf = Object.values(state)[0] as tf.Tensor; // a state has a leaf
  return tf.reshape(leaf, [leaf.shape[0] ?? 0, leaf.shape[1] ?? 0, -1]);
}
