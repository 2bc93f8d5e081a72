// Stop when another loop no longer changes the prediction.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { ThresholdRule } from './exitRule.ts';
import { readoutTest } from './readoutTest.ts';
import { thresholdRule } from './thresholdRule.ts';

export const klOptions = z.strictObject({
  threshold: z
    .number()
    .positive()
    .default(5e-4)
    .describe('nats: a token stops when its prediction moved by less than this divergence in a loop'),
});

/** `KL(p_t || p_{t-1}) < threshold`, p the next token's distribution (Huginn, arXiv 2502.05171, section 6.1). */
export function kl(options: z.input<typeof klOptions> = {}): ThresholdRule {
  return thresholdRule({
    id: 'kl',
    options: parseOptions('exit', klOptions, options),
    scale: { early: 30, late: 1e-8, law: 'log' },
    ...readoutTest((now, last, threshold) => tf.less(divergence(now, last), threshold)),
  });
}

/** `KL(p || q)` of log-probabilities [..., vocab] -> [...] nats */
function divergence(logP: tf.Tensor, logQ: tf.Tensor): tf.Tensor {
  return tf.sum(tf.mul(tf.exp(logP), tf.sub(logP, logQ)), -1);
}
