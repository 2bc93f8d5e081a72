// How steeply a step answers to its state: one random direction's worth of the squared Frobenius norm of its Jacobian.
import * as tf from '@tensorflow/tfjs-core';
import type { Pass } from './pass.ts';
import { type State, squaredChange } from './state.ts';
import type { LastStep } from './trace.ts';

/** Length of the difference, in units of a state of unit variance: above float32's noise, below the step's curvature. */
const STEP = 1e-2;

/**
 * `|J v|^2 / width` for each token, [batch, seq], with `J` the Jacobian of the last step by the first leaf and `v` the
 * strategy's noise 'jacobian', a standard normal draw of the leaf's shape. Its mean over draws is the squared Frobenius norm
 * of the token's rows of `J`, those towards earlier tokens included, per unit of width: Hutchinson's estimate as in Bai et
 * al. 2021 (arXiv 2106.14342, eq. 5).
 *
 * `J v` is the forward difference `(f(z + s v) - f(z)) / s`, so that the gradient of the penalty is an ordinary first
 * derivative. `v^T J` by automatic differentiation, as in the paper's code, would have to be differentiated a second time,
 * which the engine's fused operations do not support.
 */
export function jacobianAlong<S extends State>(pass: Pass<S>, { k, active, before, after }: LastStep<S>): tf.Tensor {
  const [name, leaf] = Object.entries(before)[0] as [string, tf.Tensor]; // states have a leaf
  const moved = { ...before, [name]: tf.add(leaf, tf.mul(pass.ctx.noise('jacobian'), STEP)) };
  const there = pass.advance(moved, k, active).state;
  const width = leaf.size / ((leaf.shape[0] ?? 1) * (leaf.shape[1] ?? 1));
  return tf.div(squaredChange(after, there), STEP ** 2 * width);
}
