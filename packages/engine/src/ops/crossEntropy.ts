// Softmax cross-entropy from integer labels.
import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernel.ts';

/**
 * Negative log-likelihood of each label, in nats: `logsumexp(logits) - logits[label]`.
 * @param logits [..., vocab]
 * @param labels int32 [...]
 * @param weights float32 [...], multiplied into the result if given
 * @returns [...]
 */
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor, weights?: tf.Tensor): tf.Tensor {
  const vocab = logits.shape[logits.rank - 1] ?? 0;
  if (labels.dtype !== 'int32') throw new Error(`crossEntropy: labels must be int32 (got ${labels.dtype})`);
  if (`${logits.shape.slice(0, -1)}` !== `${labels.shape}`) {
    throw new Error(`crossEntropy: labels must be [${logits.shape.slice(0, -1)}] (got [${labels.shape}])`);
  }
  const nll = hasKernel('CrossEntropy')
    ? runKernel('CrossEntropy', { logits, labels })
    : tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits, -1), tf.oneHot(labels, vocab)), -1));
  return weights ? tf.mul(nll, weights) : nll;
}
