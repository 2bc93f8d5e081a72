// The identity forward, a wall backward.
import * as tf from '@tensorflow/tfjs-core';

/**
 * A copy of `x` with no history: nothing behind it is visited by the backward pass.
 * tfjs tapes a custom gradient by its arguments; with none, the copy hangs on no parameter.
 */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  return tf.customGrad(() => ({ value: x.clone(), gradFunc: () => [] }))() as T;
}
