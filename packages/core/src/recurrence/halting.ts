// From halting logits to the distribution over exit steps, in log space.
import * as tf from '@tensorflow/tfjs-core';

/**
 * `log p_t` for each step: `p_t = lambda_t * prod_{j<t} (1 - lambda_j)` with `lambda = sigmoid(z)`; the last step
 * takes the remainder and its own logit is not used (arXiv 2510.25741, section 3.2).
 * @param logits one [batch, seq] tensor a step
 * @returns as many [batch, seq] tensors, each <= 0; finite for every finite logit
 */
export function exitLogProbs(logits: readonly tf.Tensor[]): tf.Tensor[] {
  const out: tf.Tensor[] = [];
  let survival: tf.Tensor | undefined; // log prod (1 - lambda)
  logits.forEach((z, t) => {
    const last = t === logits.length - 1;
    if (last) {
      out.push(survival ?? tf.zerosLike(z));
      return;
    }
    const stop = logSigmoid(z);
    out.push(survival ? tf.add(survival, stop) : stop);
    const go = logSigmoid(tf.neg(z));
    survival = survival ? tf.add(survival, go) : go;
  });
  return out;
}

/** `log sigmoid(x) = min(x, 0) - log(1 + exp(-|x|))`, finite for every finite x. */
export function logSigmoid(x: tf.Tensor): tf.Tensor {
  return tf.neg(tf.softplus(tf.neg(x)));
}
