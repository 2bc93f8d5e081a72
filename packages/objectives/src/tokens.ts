// Per-token losses and their weighted means.
import type { Batch, Trace } from '@looplab/core';
import { crossEntropy } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';

/** Cross-entropy of step `t` against the targets, [batch, seq], in nats. */
export function tokenLoss(trace: Trace, t: number, batch: Batch): tf.Tensor {
  return crossEntropy(trace.logits(t), batch.targets);
}

/** As {@link tokenLoss} for every step. */
export function tokenLosses(trace: Trace, batch: Batch): tf.Tensor[] {
  return trace.states.map((_, t) => tokenLoss(trace, t, batch));
}

/**
 * `sum(w x) / sum(w)` over all tokens, a scalar; 0 if nothing is weighted.
 * @param x [batch, seq]
 * @param weights [batch, seq]
 */
export function weightedMean(x: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  return tf.div(tf.sum(tf.mul(x, weights)), tf.maximum(tf.sum(weights), TINY));
}

/** Smaller than any sum of weights that is meant. */
const TINY = 1e-12;
