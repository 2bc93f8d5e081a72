// One transformer layer as in Ouro: sandwich norms, rotary attention, SwiGLU, no biases; and the ways to vary a call of it.
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
  /** Blends two views, `weight` [heads, dHead] and `bias` [heads]; only in cores with `viewGate`. */
  readonly viewGate?: { readonly weight: tf.Tensor; readonly bias: tf.Tensor };
}

/** Keys and values of the tokens at hand, rotated, each [batch, seq, dModel]. */
export interface KeyValue {
  readonly k: tf.Tensor;
  readonly v: tf.Tensor;
}

/** Keys and values that queries see together, by the causal rule unless `bias` says otherwise (see `causalAttention`). */
export interface VisibleKeys extends KeyValue {
  readonly keyMask?: tf.Tensor;
  readonly bias?: tf.Tensor;
}

/** What queries see; or a function that mixes for rotated queries [batch, seq, dModel] what a cache shows them. */
export type Visible = VisibleKeys | ((q: tf.Tensor, heads: number) => tf.Tensor);

/**
 * What a layer's queries attend to: a KV policy's answer to `fresh`, which is only computed if called for. Two answers
 * are attended to one by one and blended by the layer's gate.
 */
export type Attend<V extends Visible = Visible> = (fresh: () => KeyValue) => readonly V[];

/** How a call of a layer differs from the ordinary one. */
export interface LayerCall {
  /** [batch * seq, dModel]: what keys and values are made of instead of `x`, normed as `x` is. */
  readonly kvSource?: tf.Tensor | undefined;
  /** [4, dModel]: factors on attention's normed input, its normed output, the feed-forward's input and output. */
  readonly factors?: tf.Tensor | undefined;
}

export interface LayerContext {
  readonly batch: number;
  readonly seq: number;
  readonly heads: number;
  readonly eps: number;
  /** Of the positions, [seq, dHead / 2], or of each row's own, [batch * seq, dHead / 2]. */
  readonly rope: RopeTables;
}

/**
 * `x + norm(attention(norm(x)))`, then `h + norm(mlp(norm(h)))`, on flattened rows.
 * @param x [batch * seq, dModel]
 */
export function layer(x: tf.Tensor, w: LayerWeights, c: LayerContext, attend: Attend, call: LayerCall = {}): tf.Tensor {
  const { batch, seq, heads, eps, rope } = c;
  const width = x.shape[1] ?? 0;
  const tokens = (rows: tf.Tensor): tf.Tensor => tf.reshape(rows, [batch, seq, width]);
  const rotated = (rows: tf.Tensor): tf.Tensor => {
    const turn = (y: tf.Tensor): tf.Tensor => rotary(y, rope.cos, rope.sin, heads);
    if (rope.cos.shape[0] === seq) return turn(tokens(rows));
    return tokens(turn(tf.reshape(rows, [1, batch * seq, width])));
  };
  // A factor behind a norm is a norm weight, so that conditioning costs no pass over the activations.
  const factor = (i: number): tf.Tensor | null =>
    call.factors ? tf.reshape(tf.slice(call.factors, [i, 0], [1, width]), [width]) : null;
  const scaled = (weight: tf.Tensor, i: number): tf.Tensor => (call.factors ? tf.mul(weight, factor(i) ?? 1) : weight);

  const before = factor(0);
  const n = rmsNorm(x, before, eps);
  const source = call.kvSource ? rmsNorm(call.kvSource, before, eps) : n;
  const seen = attend(() => ({ k: rotated(linear(source, w.k)), v: tokens(linear(source, w.v)) }));
  const q = rotated(linear(n, w.q));
  const mixed = blend(
    seen.map((view) => {
      if (typeof view === 'function') return view(q, heads);
      const { k, v, ...rule } = view;
      return causalAttention(q, k, v, { heads, ...rule });
    }),
    q,
    w,
    heads,
  );
  const attention = linear(tf.reshape(mixed, [batch * seq, width]), w.o);
  const h = tf.add(x, rmsNorm(attention, scaled(w.attnOutNorm, 1), eps));

  const m = rmsNorm(h, factor(2), eps);
  const mlp = linear(swiglu(linear(m, w.gate), linear(m, w.up)), w.down);
  return tf.add(h, rmsNorm(mlp, scaled(w.mlpOutNorm, 3), eps));
}

/** `g * first + (1 - g) * second` with `g = sigmoid(w . q + b)` for each token and head (arXiv 2510.24824). */
function blend(views: readonly tf.Tensor[], q: tf.Tensor, w: LayerWeights, heads: number): tf.Tensor {
  const [first, second] = views as [tf.Tensor, tf.Tensor | undefined]; // a policy has a view
  if (!second) return first;
  const { weight, bias } = w.viewGate as NonNullable<LayerWeights['viewGate']>; // the pass checks that two views have a gate
  const [batch, seq, width] = q.shape as [number, number, number];
  const byHead = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [batch, seq, heads, width / heads]);
  const g = tf.sigmoid(tf.add(tf.sum(tf.mul(byHead(q), weight), 3, true), tf.reshape(bias, [heads, 1]))); // [B, S, H, 1]
  const mixed = tf.add(byHead(second), tf.mul(g, tf.sub(byHead(first), byHead(second))));
  return tf.reshape(mixed, [batch, seq, width]);
}
