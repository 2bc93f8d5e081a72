// The batch of a stage of Coconut's curriculum: the first steps of each written chain are taken out and latent positions put in.
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../plan.ts';
import { StrategyError } from '../strategyError.ts';

/**
 * Takes the tokens of steps 1 to `skip` out of every row and puts `thoughts` latent positions in for each of the first
 * `maxStage` of them (arXiv 2412.06769). The token before the first thought and all thoughts but the last are
 * not scored; the last predicts the text that follows. A thought's id is that of the token before the first, so that
 * nothing of the step shows. Rows grow to `seq + maxStage * (thoughts - 1)` places at most; what is left over is masked out.
 * The steps of a chain must stand together and be numbered from 1.
 * @returns a function of tensors alone
 */
export function latentThoughts(how: { skip: number; thoughts: number; maxStage: number }): (batch: Batch) => Batch {
  const { skip, thoughts, maxStage } = how;
  return ({ ids, targets, weights, steps, keyMask }) => {
    if (!steps) {
      throw new StrategyError(
        'strategy coconut: rewrite needs steps, the place of each target in its written chain, which the task does not give; use a task such as withChain(groupWords(...))',
      );
    }
    const [batch, seq] = ids.shape as [number, number]; // [batch, seq]
    const length = seq + Math.min(skip, maxStage) * (thoughts - 1);
    const number = tf.cast(steps, 'float32');
    const out = tf.mul(positive(number), tf.cast(tf.lessEqual(number, Math.min(skip, seq)), 'float32')); // its target is taken out
    const removed = tf.sum(out, 1, true); // [batch, 1], as all below
    const added = tf.mul(tf.minimum(tf.max(tf.mul(number, out), 1, true), maxStage), thoughts);
    const places = tf.reshape(tf.range(0, seq), [1, seq]);
    const first = tf.add(tf.min(tf.where(tf.cast(out, 'bool'), places, seq), 1, true), 1); // place of the first thought
    const at = tf.reshape(tf.range(0, length), [1, length]);
    const ahead = tf.sub(tf.add(first, added), at); // places from here to the end of the thoughts
    const before = tf.cast(tf.less(at, first), 'float32');
    const latent = tf.mul(tf.sub(1, before), positive(ahead)); // [batch, length]
    const silent = tf.mul(latent, positive(tf.sub(ahead, 1))); // thoughts but the last
    const source = tf.where(tf.cast(before, 'bool'), at, tf.add(tf.sub(at, added), removed));
    const there = tf.cast(tf.less(source, seq), 'float32');
    const rows = tf.reshape(tf.range(0, batch), [batch, 1]);
    const take = (x: tf.Tensor, from: tf.Tensor): tf.Tensor => {
      const index = tf.add(tf.mul(rows, seq), tf.clipByValue(from, 0, seq - 1));
      return tf.gather(tf.reshape(x, [batch * seq]), tf.cast(index, 'int32'));
    };
    const scored = tf.mul(take(tf.mul(weights, tf.sub(1, out)), source), there);
    return {
      ids: take(ids, tf.where(tf.cast(latent, 'bool'), tf.sub(first, 1), source)),
      targets: take(targets, source),
      weights: tf.mul(scored, tf.sub(1, silent)),
      steps: take(steps, source),
      keyMask: tf.maximum(latent, keyMask ? tf.mul(take(keyMask, source), there) : there),
      latent,
    };
  };
}

/** 1 where x > 0. */
const positive = (x: tf.Tensor): tf.Tensor => tf.cast(tf.greater(x, 0), 'float32');
