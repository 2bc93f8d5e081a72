// Stop when another loop no longer changes how sure the model is.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { ThresholdRule } from './exitRule.ts';
import { readoutTest } from './readoutTest.ts';
import { thresholdRule } from './thresholdRule.ts';

export const entropyChangeOptions = z.strictObject({
  threshold: z
    .number()
    .positive()
    .default(1e-3)
    .describe("nats: a token stops when its readout's entropy changed by less than this in a loop"),
});

/** `|H(p_t) - H(p_{t-1})| < threshold`, H the entropy of the next token's distribution (Huginn, arXiv 2502.05171). */
export function entropyChange(options: z.input<typeof entropyChangeOptions> = {}): ThresholdRule {
  return thresholdRule({
    id: 'entropyChange',
    options: parseOptions('exit', entropyChangeOptions, options),
    scale: { early: 10, late: 1e-7, law: 'log' },
    ...readoutTest((now, last, threshold) => tf.less(tf.abs(tf.sub(entropy(now), entropy(last))), threshold)),
  });
}

/** [..., vocab] log-probabilities -> [...] nats */
function entropy(logP: tf.Tensor): tf.Tensor {
  return tf.neg(tf.sum(tf.mul(tf.exp(logP), logP), -1));
}
