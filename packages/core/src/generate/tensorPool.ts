// Owns the tensors made between awaits, where tf.tidy cannot reach, until they are released together.
import { treeLeaves } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';

export class TensorPool {
  readonly #made = new Set<tf.Tensor>();

  /** Takes over every tensor of a tree. */
  own<T>(tree: T): T {
    for (const leaf of treeLeaves(tree)) if (leaf instanceof tf.Tensor) this.#made.add(leaf);
    return tree;
  }

  /** Runs `f` and owns what it returns; what it makes besides is freed at once. */
  run<T>(f: () => T): T {
    let out: T | undefined;
    tf.tidy(() => {
      out = f();
      for (const leaf of treeLeaves(out)) if (leaf instanceof tf.Tensor) tf.keep(leaf);
    });
    return this.own(out as T); // f has run
  }

  /** Gives a tensor away: the caller disposes of it. */
  release<T extends tf.Tensor>(x: T): T {
    this.#made.delete(x);
    return x;
  }

  dispose(): void {
    for (const t of this.#made) if (!t.isDisposed) t.dispose();
    this.#made.clear();
  }
}
