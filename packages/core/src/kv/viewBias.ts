// Which keys of a view a query sees, as numbers added to attention's scores.
import { MASKED } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';

export interface ViewShape {
  /** Tokens, whose queries ask. */
  readonly seq: number;
  /** Slots that stand one behind another, each with a key of every token. */
  readonly slots: number;
  /** A query sees this many tokens, itself included; all before it if left out. */
  readonly window?: number | undefined;
}

/**
 * 0 where a query sees a key, else the engine's `MASKED`.
 * @returns [seq, slots * seq]
 */
export function viewBias({ seq, slots, window = Number.POSITIVE_INFINITY }: ViewShape): tf.Tensor {
  const columns = slots * seq;
  const bias = Float32Array.from({ length: seq * columns }, (_, n) => {
    const ago = Math.floor(n / columns) - (n % seq);
    return ago >= 0 && ago < window ? 0 : MASKED;
  });
  return tf.tensor2d(bias, [seq, columns]);
}
