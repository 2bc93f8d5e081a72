// Per-token losses and their weighted means.
import { type Batch, logSigmoid, type Trace } from '@looplab/core';
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

/** Mean cross-entropy of the last step, a scalar. */
export function lastLoss(trace: Trace, batch: Batch): tf.Tensor {
  return weightedMean(tokenLoss(trace, trace.states.length - 1, batch), batch.weights);
}

/** `-(y log p + (1 - y) log (1 - p))` with `p = sigmoid(logit)`, elementwise and finite. */
export function binaryCrossEntropy(logit: tf.Tensor, y: tf.Tensor): tf.Tensor {
  const log = tf.add(tf.mul(y, logSigmoid(logit)), tf.mul(tf.sub(1, y), logSigmoid(tf.neg(logit))));
  return tf.neg(log);
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
