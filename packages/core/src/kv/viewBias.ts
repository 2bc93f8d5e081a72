// Which keys of a view a query sees, as numbers added to attention's scores.
import { MASKED } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';

export interface ViewShape {
  /** New tokens, whose queries ask and whose keys come last. */
  readonly seq: number;
  /** Places for keys of earlier tokens, in the order of their positions. */
  readonly places: number;
  /** Slots that stand one behind another, each with `places + seq` keys. */
  readonly slots: number;
  /** A query sees this many tokens, itself included; all before it if left out. */
  readonly window?: number | undefined;
  /** Scalar: how many of the places are taken, so the position of the first new token; default all. */
  readonly offset?: tf.Tensor | undefined;
}

/**
 * 0 where a query sees a key, else the engine's `MASKED`. Places that are not taken must be hidden by a key mask.
 * @returns [seq, slots * (places + seq)]
 */
export function viewBias({ seq, places, slots, window = Number.POSITIVE_INFINITY, offset }: ViewShape): tf.Tensor {
  const see = (ago: number): number => (ago >= 0 && ago < window ? 0 : MASKED);
  const table = (columns: number, f: (i: number, j: number) => number): tf.Tensor => {
    const values = Float32Array.from({ length: seq * columns }, (_, n) => f(Math.floor(n / columns), n % columns));
    return tf.tensor2d(values, [seq, columns]);
  };
  const repeated = (x: tf.Tensor): tf.Tensor => (slots === 1 ? x : tf.concat(new Array<tf.Tensor>(slots).fill(x), 1));
  if (!offset || places === 0 || window === Number.POSITIVE_INFINITY) {
    return repeated(table(places + seq, (i, j) => see(places + i - j)));
  }
  const ago = tf.add(
    offset,
    table(places, (i, j) => i - j),
  );
  const past = tf.mul(tf.cast(tf.greaterEqual(ago, window), 'float32'), MASKED);
  return repeated(tf.concat([past, table(seq, (i, j) => see(i - j))], 1));
}
