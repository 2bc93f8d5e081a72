// Rotary position embedding (rotate-half form) and its tables.
import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernel.ts';

/** Cosines and sines of the rotation angles, each [seq, dHead / 2]. */
export interface RopeTables {
  readonly cos: tf.Tensor2D;
  readonly sin: tf.Tensor2D;
}

/**
 * Angles `p * theta^(-2i/dHead)` for positions `offset .. offset + seq - 1` (Su et al. 2021, eq. 15).
 * @returns cos and sin, each [seq, dHead / 2], computed in float64 and stored in float32
 */
export function ropeTables(seq: number, dHead: number, theta: number, offset = 0): RopeTables {
  if (dHead % 2 !== 0) throw new Error(`ropeTables: dHead must be even (got ${dHead})`);
  const half = dHead / 2;
  const cos = new Float32Array(seq * half);
  const sin = new Float32Array(seq * half);
  for (let p = 0; p < seq; p++) {
    for (let i = 0; i < half; i++) {
      const angle = (p + offset) * theta ** ((-2 * i) / dHead);
      cos[p * half + i] = Math.cos(angle);
      sin[p * half + i] = Math.sin(angle);
    }
  }
  return { cos: tf.tensor2d(cos, [seq, half]), sin: tf.tensor2d(sin, [seq, half]) };
}

/**
 * Rotates each head's first half against its second half: `[a cos - b sin, b cos + a sin]`.
 * @param x [batch, seq, heads * dHead]
 * @param cos [seq, dHead / 2]
 * @param sin [seq, dHead / 2]
 */
export function rotary(x: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor, heads: number): tf.Tensor {
  const [batch, seq, width] = x.shape as [number, number, number];
  const half = width / heads / 2;
  if (x.rank !== 3 || cos.shape[0] !== seq || cos.shape[1] !== half) {
    throw new Error(
      `rotary: x must be [batch, seq, heads * dHead] and the tables [seq, dHead / 2] (got x [${x.shape}], tables [${cos.shape}], ${heads} heads)`,
    );
  }
  if (hasKernel('Rotary')) return runKernel('Rotary', { x, cos, sin }, { heads, inverse: false });
  const [a, b] = tf.split(tf.reshape(x, [batch, seq, heads, 2 * half]), 2, 3) as [tf.Tensor, tf.Tensor];
  const c = tf.reshape(cos, [seq, 1, half]);
  const s = tf.reshape(sin, [seq, 1, half]);
  const y = tf.concat([tf.sub(tf.mul(a, c), tf.mul(b, s)), tf.add(tf.mul(b, c), tf.mul(a, s))], 3);
  return tf.reshape(y, [batch, seq, width]);
}
