// Multi-head causal attention with an optional key mask, a prefix of cached keys, or a bias for keys out of order.
import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernel.ts';

export interface AttentionOptions {
  readonly heads: number;
  /** Factor on the scores; default dHead^-0.5. */
  readonly scale?: number;
  /** [batch, keys] float32, 1 = may be attended to. A query whose keys are all masked gets their plain mean. */
  readonly keyMask?: tf.Tensor;
  /**
   * [seq, keys], or [batch, seq, keys] where rows differ, added to the scores in place of the causal rule: 0 where query i
   * sees key j, `MASKED` where it does not. For keys that do not stand in the order of their positions, for windows, and
   * for rows of several texts. No gradient reaches it.
   */
  readonly bias?: tf.Tensor;
}

/** Added to a masked score: large enough that exp underflows to 0, small enough that sums stay finite in float32. */
export const MASKED = -1e9;

/**
 * Query i sees keys j <= prefix + i, or those that `bias` shows it.
 * @param q [batch, seq, heads * dHead]
 * @param k [batch, keys, heads * dHead]; without a bias, keys = prefix + seq and the prefix holds earlier positions
 * @param v same shape as k
 * @returns [batch, seq, heads * dHead]
 */
export function causalAttention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, options: AttentionOptions): tf.Tensor {
  const { heads, keyMask, bias } = options;
  const [batch, seq, width] = q.shape as [number, number, number];
  const keys = k.shape[1] ?? 0;
  if (width % heads !== 0) throw new Error(`causalAttention: heads (${heads}) must divide the width (${width})`);
  if (
    k.rank !== 3 ||
    (keys < seq && !bias) ||
    k.shape[0] !== batch ||
    k.shape[2] !== width ||
    `${k.shape}` !== `${v.shape}`
  ) {
    throw new Error(
      `causalAttention: k and v must be [${batch}, prefix + ${seq}, ${width}] (got k [${k.shape}], v [${v.shape}])`,
    );
  }
  if (keyMask && (keyMask.rank !== 2 || keyMask.shape[0] !== batch || keyMask.shape[1] !== keys)) {
    throw new Error(`causalAttention: keyMask must be [${batch}, ${keys}] (got [${keyMask.shape}])`);
  }
  if (bias && `${bias.shape}` !== `${[seq, keys]}` && `${bias.shape}` !== `${[batch, seq, keys]}`) {
    throw new Error(`causalAttention: bias must be [${seq}, ${keys}], with or without a batch (got [${bias.shape}])`);
  }
  const dHead = width / heads;
  const scale = options.scale ?? dHead ** -0.5;
  if (hasKernel('CausalAttention')) {
    const given = { ...(keyMask ? { keyMask } : {}), ...(bias ? { bias } : {}) };
    return runKernel('CausalAttention', { q, k, v, ...given }, { heads, scale });
  }
  const split = (x: tf.Tensor, n: number): tf.Tensor =>
    tf.transpose(tf.reshape(x, [batch, n, heads, dHead]), [0, 2, 1, 3]); // [B, H, n, dHead]
  let scores = tf.mul(tf.matMul(split(q, seq), split(k, keys), false, true), scale); // [B, H, S, P + S]
  const rule = bias ?? causalBias(seq, keys);
  scores = tf.add(scores, rule.rank === 3 ? tf.expandDims(rule, 1) : rule);
  if (keyMask) scores = tf.add(scores, tf.mul(tf.sub(1, tf.reshape(keyMask, [batch, 1, 1, keys])), MASKED));
  const out = tf.matMul(tf.softmax(scores), split(v, keys));
  return tf.reshape(tf.transpose(out, [0, 2, 1, 3]), [batch, seq, width]);
}

/** [seq, keys]: 0 where key j <= prefix + i, else MASKED. */
function causalBias(seq: number, keys: number): tf.Tensor2D {
  const bias = new Float32Array(seq * keys);
  for (let i = 0; i < seq; i++) bias.fill(MASKED, i * keys + (keys - seq) + i + 1, (i + 1) * keys);
  return tf.tensor2d(bias, [seq, keys]);
}
