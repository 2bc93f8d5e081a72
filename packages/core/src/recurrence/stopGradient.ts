// The identity forward, a wall backward.
import * as tf from '@tensorflow/tfjs-core';

/** Values at the walls of one computation, in the order in which it meets them. */
export type Cuts = tf.Tensor[];

let held: { readonly cuts: Cuts; next: number } | undefined;

/**
 * A copy of `x` with no history: nothing behind it is visited by the backward pass.
 * tfjs tapes a custom gradient by its arguments; with none, the copy hangs on no parameter.
 */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  const value = held === undefined ? x : atWall(held, x);
  return tf.customGrad(() => ({ value: value.clone(), gradFunc: () => [] }))() as T;
}

/**
 * Runs `f` with the values behind its walls held fixed: those in `cuts`, or, where `cuts` is empty, those that `f` meets,
 * which are put there. A gradient that stops at walls is the gradient of this function and not of `f`, so finite
 * differences can be taken of it. `f` must meet the same walls each time.
 */
export function holdingCuts<T>(cuts: Cuts, f: () => T): T {
  const before = held;
  held = { cuts, next: 0 };
  try {
    return f();
  } finally {
    held = before;
  }
}

function atWall<T extends tf.Tensor>(at: { readonly cuts: Cuts; next: number }, x: T): T {
  const known = at.cuts[at.next];
  if (known && `${known.shape}` !== `${x.shape}`)
    throw new Error(`wall ${at.next} was met with [${known.shape}] before and with [${x.shape}] now`);
  if (!known) at.cuts[at.next] = x;
  at.next++;
  return (known ?? x) as T; // of one shape
}
