// Attention to keys in a cache that are kept by heads, beside those of the tokens at hand: no cached key is copied.
import { MASKED } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { KeyValue } from '../model/layer.ts';

/** One layer of one slot of a cache, as some rows see it. */
export interface CachedKeys extends KeyValue {
  /** [rows, heads, places, dHead] each; with `index` [n, heads, places, dHead], from which it picks the rows. */
  readonly k: tf.Tensor;
  readonly v: tf.Tensor;
  /** int32 [rows] */
  readonly index?: tf.Tensor | undefined;
  /** float32 [rows, places], 1 where the row may see the place. */
  readonly mask: tf.Tensor;
}

/** Keys and values of the tokens at hand, [rows, seq, heads * dHead], and who sees them. */
export interface OwnKeys extends KeyValue {
  /** [rows, keys] float32 */
  readonly keyMask?: tf.Tensor | undefined;
  /** [seq, keys], added to the scores; default the causal rule. */
  readonly bias?: tf.Tensor | undefined;
}

/** What a view shows besides the tokens at hand. */
export interface PastKeys {
  readonly parts: readonly CachedKeys[];
  /** [seq, places of all parts], added to the scores. */
  readonly bias?: tf.Tensor | undefined;
}

/**
 * The mixture of `past` and `own` for each query.
 * @param q [rows, seq, heads * dHead], rotated
 * @returns [rows, seq, heads * dHead]
 */
export function cachedAttention(q: tf.Tensor, past: PastKeys, own: OwnKeys | undefined, heads: number): tf.Tensor {
  const [rows, seq, width] = q.shape as [number, number, number];
  const dHead = width / heads;
  const split = (x: tf.Tensor): tf.Tensor => {
    const n = x.shape[1] ?? 0;
    if (n === 1) return tf.reshape(x, [rows, heads, 1, dHead]);
    return tf.transpose(tf.reshape(x, [rows, n, heads, dHead]), [0, 2, 1, 3]); // [rows, heads, n, dHead]
  };
  const pick = (x: tf.Tensor, index: tf.Tensor | undefined): tf.Tensor => (index ? tf.gather(x, index) : x);
  const sets = past.parts.map(({ k, v, index }) => ({ k: pick(k, index), v: pick(v, index) }));
  if (own) sets.push({ k: split(own.k), v: split(own.v) });
  const sizes = sets.map(({ k }) => k.shape[2] ?? 0);
  const query = tf.mul(split(q), dHead ** -0.5);
  let scores = join(
    sets.map(({ k }) => tf.matMul(query, k, false, true)),
    3,
  ); // [rows, heads, seq, keys]
  scores = tf.add(scores, hiding(rows, past, own));
  const order = ordering(seq, past, own);
  if (order) scores = tf.add(scores, order);
  const p = tf.softmax(scores);
  const shares = sets.length === 1 ? [p] : tf.split(p, sizes, 3);
  const mixed = shares
    .map((share, i) => tf.matMul(share, (sets[i] as KeyValue).v)) // a share a set
    .reduce((a, b) => tf.add(a, b)); // [rows, heads, seq, dHead]
  return tf.reshape(seq === 1 ? mixed : tf.transpose(mixed, [0, 2, 1, 3]), [rows, seq, width]);
}

const join = (xs: tf.Tensor[], axis: number): tf.Tensor =>
  xs.length === 1 ? (xs[0] as tf.Tensor) : tf.concat(xs, axis);

/** [rows, 1, 1, keys]: 0 where a key may be seen by its row, else `MASKED`. */
function hiding(rows: number, past: PastKeys, own: OwnKeys | undefined): tf.Tensor {
  const masks = past.parts.map((p) => p.mask);
  if (own) masks.push(own.keyMask ?? tf.ones([rows, own.k.shape[1] ?? 0]));
  const mask = join(masks, 1);
  return tf.mul(tf.sub(1, tf.reshape(mask, [rows, 1, 1, mask.shape[1] ?? 0])), MASKED);
}

/** [seq, keys]: what the order of positions adds to the scores; nothing if there is one query and no bias. */
function ordering(seq: number, past: PastKeys, own: OwnKeys | undefined): tf.Tensor | undefined {
  if (seq === 1 && !past.bias && !own?.bias) return undefined;
  const places = past.parts.reduce((n, p) => n + (p.mask.shape[1] ?? 0), 0);
  const biases = places > 0 ? [past.bias ?? tf.zeros([seq, places])] : [];
  if (own) biases.push(own.bias ?? causal(seq));
  return join(biases, 1);
}

function causal(seq: number): tf.Tensor {
  const bias = new Float32Array(seq * seq);
  for (let i = 0; i < seq; i++) bias.fill(MASKED, i * seq + i + 1, (i + 1) * seq);
  return tf.tensor2d(bias, [seq, seq]);
}
