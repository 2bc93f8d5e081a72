// compile(fn): jit for TensorFlow.js functions over pytrees.
import * as tf from '@tensorflow/tfjs-core';
import { treeLeaves } from '../tree.ts';

export interface CompileOptions {
  /** Positions of arguments whose tensors are given up: their memory is reused for the outputs of the next call. */
  readonly donate?: readonly number[];
  /** Shown in errors and profiles. */
  readonly name?: string;
}

/** A function like `fn`, but asynchronous. Tensors in the arguments are inputs; all other leaves are part of the signature. */
export function compile<A extends unknown[], R>(
  fn: (...args: A) => R,
  options: CompileOptions = {},
): (...args: A) => Promise<R> {
  return async (...args) => {
    const out = tf.tidy(() => {
      const result = fn(...args);
      for (const leaf of treeLeaves(result)) if (leaf instanceof tf.Tensor) tf.keep(leaf);
      return result as never;
    }) as R;
    const kept = new Set(treeLeaves(out));
    for (const i of options.donate ?? []) {
      for (const leaf of treeLeaves(args[i])) if (leaf instanceof tf.Tensor && !kept.has(leaf)) leaf.dispose();
    }
    return out;
  };
}
