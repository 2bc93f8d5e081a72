// One transformer layer as in Ouro: sandwich norms, rotary attention, SwiGLU, no biases.
import { causalAttention, linear, type RopeTables, rmsNorm, rotary, swiglu } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';

/** Weights of a layer as the forward pass wants them: both pre-norm weights are folded into what follows them. */
export interface LayerWeights {
  readonly q: tf.Tensor;
  readonly k: tf.Tensor;
  readonly v: tf.Tensor;
  readonly o: tf.Tensor;
  /** `input_layernorm_2`, on the attention's output. */
  readonly attnOutNorm: tf.Tensor;
  readonly gate: tf.Tensor;
  readonly up: tf.Tensor;
  readonly down: tf.Tensor;
  /** `post_attention_layernorm_2`, on the feed-forward's output. */
  readonly mlpOutNorm: tf.Tensor;
}

/** Keys and values of the tokens at hand, rotated, each [batch, seq, dModel]. */
export interface KeyValue {
  readonly k: tf.Tensor;
  readonly v: tf.Tensor;
}

/** What a layer's queries attend to: a KV policy's answer to `fresh`, which is only computed if called for. */
export type Attend = (fresh: () => KeyValue) => KeyValue & { readonly keyMask?: tf.Tensor };

export interface LayerContext {
  readonly batch: number;
  readonly seq: number;
  readonly heads: number;
  readonly eps: number;
  readonly rope: RopeTables;
}

/**
 * `x + norm(attention(norm(x)))`, then `h + norm(mlp(norm(h)))`, on flattened rows.
 * @param x [batch * seq, dModel]
 */
export function layer(x: tf.Tensor, w: LayerWeights, c: LayerContext, attend: Attend): tf.Tensor {
  const { batch, seq, heads, eps, rope } = c;
  const width = x.shape[1] ?? 0;
  const tokens = (rows: tf.Tensor): tf.Tensor => tf.reshape(rows, [batch, seq, width]);
  const rotated = (rows: tf.Tensor): tf.Tensor => rotary(tokens(rows), rope.cos, rope.sin, heads);

  const n = rmsNorm(x, null, eps);
  const { k, v, keyMask } = attend(() => ({ k: rotated(linear(n, w.k)), v: tokens(linear(n, w.v)) }));
  const mixed = causalAttention(rotated(linear(n, w.q)), k, v, keyMask ? { heads, keyMask } : { heads });
  const attention = linear(tf.reshape(mixed, [batch * seq, width]), w.o);
  const h = tf.add(x, rmsNorm(attention, w.attnOutNorm, eps));

  const m = rmsNorm(h, null, eps);
  const mlp = linear(swiglu(linear(m, w.gate), linear(m, w.up)), w.down);
  return tf.add(h, rmsNorm(mlp, w.mlpOutNorm, eps));
}
