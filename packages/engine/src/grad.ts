// Gradients of functions over pytrees of tensors, on TensorFlow.js's own automatic differentiation.
// The union package is imported for what it registers: the gradients of every tfjs operation (tfjs-core alone has none).
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { treeFlatten, treeUnflatten } from './tree.ts';

/** What `valueAndGrad` returns: the loss, the gradients (tree of the first argument) and, with `hasAux`, the rest. */
export interface ValueAndGrad<P, A> {
  value: tf.Scalar;
  grads: P;
  aux: A;
}

function paramLeaves(
  params: unknown,
  caller = 'valueAndGrad',
): { leaves: tf.Tensor[]; def: ReturnType<typeof treeFlatten>['def'] } {
  const { leaves, def } = treeFlatten(params);
  const tensors = leaves.map((x) => {
    if (!(x instanceof tf.Tensor)) throw new Error(`${caller}: every leaf of the first argument must be a tensor`);
    if (x.dtype !== 'float32') throw new Error(`${caller}: parameters must be float32 (got ${x.dtype})`);
    return x;
  });
  return { leaves: tensors, def };
}

/**
 * `fn(params, ...rest)` must return a scalar, or `[scalar, aux]` with `hasAux`. The gradients have the tree of
 * `params`; a parameter the loss does not reach gets zeros.
 */
export function valueAndGrad<P, R extends unknown[], A = undefined>(
  fn: (params: P, ...rest: R) => tf.Tensor | readonly [tf.Tensor, A],
  options: { hasAux?: boolean } = {},
): (params: P, ...rest: R) => ValueAndGrad<P, A> {
  return (params, ...rest) => {
    const { leaves, def } = paramLeaves(params);
    let aux: unknown;
    const kept: tf.Tensor[] = [];
    const { value, grads } = tf.engine().gradients(
      () => {
        const out = fn(params, ...rest);
        if (options.hasAux) {
          if (!Array.isArray(out)) throw new Error('valueAndGrad: with hasAux the function must return [loss, aux]');
          const pair = out as unknown as [tf.Tensor, unknown];
          aux = pair[1];
          for (const leaf of treeFlatten(aux).leaves) {
            if (leaf instanceof tf.Tensor && !leaf.kept) kept.push(tf.keep(leaf));
          }
          return pair[0];
        }
        return out as tf.Tensor;
      },
      leaves,
      undefined as unknown as tf.Tensor,
      true,
    );
    if (value.rank !== 0) throw new Error(`valueAndGrad: the loss must be a scalar (got shape [${value.shape}])`);
    // aux was kept only to survive the gradient's own tidy; from here it belongs to the caller's scope.
    for (const t of kept) release(t);
    const full = leaves.map((x, i) => grads[i] ?? tf.zerosLike(x));
    return { value: value as tf.Scalar, grads: treeUnflatten(def, full) as P, aux: aux as A };
  };
}

function release(t: tf.Tensor): void {
  (t as { kept: boolean }).kept = false;
  (tf.engine() as unknown as { track(t: tf.Tensor): void }).track(t); // private in the typings
}

/** Gradient of a scalar function over a pytree; see {@link valueAndGrad}. */
export function grad<P, R extends unknown[]>(fn: (params: P, ...rest: R) => tf.Tensor): (params: P, ...rest: R) => P {
  const vg = valueAndGrad<P, R>(fn);
  return (params, ...rest) => {
    const { value, grads } = vg(params, ...rest);
    value.dispose();
    return grads;
  };
}

/**
 * Vector-Jacobian product: `dy^T (d fn / d x)` with the tree of `x`, all leaves float32 tensors. Unlike nested `tf.grads`
 * it may be called in the backward pass of a custom gradient; what `fn` closes over must still exist then, so save it.
 */
export function vjp<X, Y>(fn: (x: X) => Y, x: X, dy: Y): X {
  const { leaves, def } = paramLeaves(x, 'vjp');
  const along = treeFlatten(dy).leaves as tf.Tensor[];
  const found = gradientsInside(() => {
    const parts = treeFlatten(fn(x)).leaves.map((y, i) => tf.sum(tf.mul(y as tf.Tensor, along[i] as tf.Tensor)));
    return parts.reduce((a, b) => tf.add(a, b));
  }, leaves);
  return treeUnflatten(
    def,
    leaves.map((leaf, i) => found[i] ?? tf.zerosLike(leaf)),
  ) as X;
}

/** Gradients of a scalar; inside a backward pass too, where tfjs believes that no tape is in use: the outer one is put aside. */
export function gradientsInside(f: () => tf.Tensor, xs: tf.Tensor[]): (tf.Tensor | null)[] {
  const state = tf.engine().state as { activeTape: unknown };
  const outer = state.activeTape;
  const { grads } = tf.engine().gradients(f, xs, undefined as unknown as tf.Tensor, true);
  state.activeTape = outer;
  return grads;
}
