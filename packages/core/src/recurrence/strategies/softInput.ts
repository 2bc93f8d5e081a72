// From logits to an input: the mixture of the likeliest tokens' embeddings, by which a state passes through the vocabulary.
import * as tf from '@tensorflow/tfjs-core';
import { ConfigError } from '../../config/parseOptions.ts';
import type { ModelConfig } from '../../model/config.ts';
import { stopGradient } from '../stopGradient.ts';
import type { Model } from '../strategy.ts';

/**
 * `sum_v p_v E_v` with `p` the softmax over the `top` largest logits; over all if there are no more.
 * @param logits [batch, seq, vocab]
 * @returns [batch, seq, dModel]
 */
export function softInput(logits: tf.Tensor, top: number, model: Model): tf.Tensor {
  const vocab = logits.shape[2] ?? 0;
  if (top >= vocab) return model.embedSoft(tf.softmax(logits));
  const ranked = stopGradient(logits); // a choice has no gradient
  const least = tf.slice(tf.topk(ranked, top).values, [0, 0, top - 1], [-1, -1, 1]); // [batch, seq, 1]
  return model.embedSoft(tf.softmax(tf.where(tf.greaterEqual(ranked, least), logits, -1e9)));
}

/** Throws if layers stand around the core: a state that passes through the vocabulary starts again at the first layer. */
export function assertWholeModel(id: string, { prelude, coda }: ModelConfig): void {
  if (prelude + coda > 0) {
    throw new ConfigError(
      `strategy ${id} passes its state through the vocabulary, so the whole model is the core (got prelude ${prelude}, coda ${coda}); set model.prelude and model.coda to 0`,
    );
  }
}
