// A stack of layers applied once to a batch of tokens.
import { type RopeTables, rmsNorm } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { StackWeights } from './bind.ts';
import { type Attend, layer } from './layer.ts';

/** How a call of a stack differs from the ordinary one; see `CoreCall`. */
export interface StackCall {
  /** [batch, seq, width] */
  readonly kvSource?: tf.Tensor | undefined;
  /** [layers, 4, width] */
  readonly modulation?: tf.Tensor | undefined;
}

/** Told what layer `i` (from 0) has made of its input, [batch, seq, width]. */
export type Inspect = (layer: number, x: tf.Tensor) => void;

/**
 * All layers in order, each shown to `inspect`, then the stack's norm if it has one.
 * @param x [batch, seq, width]
 * @param attend what layer `i` attends to
 * @returns [batch, seq, width]
 */
export function applyStack(
  w: StackWeights,
  x: tf.Tensor,
  c: {
    readonly heads: number;
    readonly eps: number;
    readonly rope: RopeTables;
    readonly inspect?: Inspect | undefined;
  },
  attend: (layer: number) => Attend,
  call: StackCall = {},
): tf.Tensor {
  const [batch, seq, width] = x.shape as [number, number, number]; // the caller's contract
  const { inspect, ...shared } = c;
  const context = { batch, seq, ...shared };
  const { modulation } = call;
  const kvSource = call.kvSource && tf.reshape(call.kvSource, [batch * seq, width]);
  let rows = tf.reshape(x, [batch * seq, width]);
  w.layers.forEach((weights, i) => {
    const factors = modulation && tf.reshape(tf.slice(modulation, [i, 0, 0], [1, 4, width]), [4, width]);
    rows = layer(rows, weights, context, attend(i), { kvSource, factors }) as tf.Tensor2D; // same shape as its input
    inspect?.(i, tf.reshape(rows, [batch, seq, width]));
  });
  if (w.norm) rows = rmsNorm(rows, w.norm, c.eps) as tf.Tensor2D;
  return tf.reshape(rows, [batch, seq, width]);
}
