// Linear layers and the token embedding.
import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernel.ts';

/**
 * `x W^T + b`, weights as Hugging Face stores them.
 * @param x [..., in]
 * @param w [out, in]
 * @param bias [out]
 * @returns [..., out]
 */
export function linear(x: tf.Tensor, w: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const [out, dIn] = w.shape as [number, number];
  if (w.rank !== 2 || x.shape[x.rank - 1] !== dIn) {
    throw new Error(`linear: x [..., ${dIn}] is needed for w [${w.shape}] (got x [${x.shape}])`);
  }
  const rows = x.rank === 2 ? (x as tf.Tensor2D) : tf.reshape(x, [-1, dIn]);
  let y: tf.Tensor = tf.matMul(rows, w, false, true);
  if (bias) y = tf.add(y, bias);
  return x.rank === 2 ? y : tf.reshape(y, [...x.shape.slice(0, -1), out]);
}

/**
 * Rows of `table` picked by `ids`.
 * @param table [vocab, d]
 * @param ids int32 [...]; ids outside 0..vocab-1 are an error of the caller
 * @returns [..., d]
 */
export function embedding(table: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  if (ids.dtype !== 'int32') throw new Error(`embedding: ids must be int32 (got ${ids.dtype})`);
  if (hasKernel('Embedding')) return runKernel('Embedding', { table, ids });
  return tf.gather(table, ids);
}
