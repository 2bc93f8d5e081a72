// Stop when another loop no longer changes the prediction among the tokens that may be sampled.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { ThresholdRule } from './exitRule.ts';
import { readoutTest } from './readoutTest.ts';
import { thresholdRule } from './thresholdRule.ts';

export const minPKlOptions = z.strictObject({
  threshold: z
    .number()
    .positive()
    .default(1e-5)
    .describe(
      'nats: a token stops when the likely part of its prediction moved by less than this divergence in a loop',
    ),
  minP: z
    .number()
    .positive()
    .max(1)
    .default(0.1)
    .describe('tokens count that are at least this share as likely as the likeliest'),
});

/** Added to the logarithm of what does not count: its exponential is 0 in float32. */
const GONE = -1e9;

/**
 * `KL(p_t || p_{t-1}) < threshold` over the tokens that min-p sampling (arXiv 2407.01082) would keep at loop t, both
 * distributions restricted to them and renormalised: a long tail in motion keeps no token from stopping. After Huginn's
 * rule (arXiv 2502.05171), which gives the rest a floor of 1/vocab instead of leaving it out.
 */
export function minPKl(options: z.input<typeof minPKlOptions> = {}): ThresholdRule {
  const resolved = parseOptions('exit', minPKlOptions, options);
  const bound = Math.log(resolved.minP);
  return thresholdRule({
    id: 'minPKl',
    options: resolved,
    scale: { early: 30, late: 1e-9, law: 'log' },
    ...readoutTest((now, last, threshold) => {
      const kept = tf.cast(tf.greaterEqual(now, tf.add(tf.max(now, -1, true), bound)), 'float32');
      const among = (logP: tf.Tensor): tf.Tensor => tf.logSoftmax(tf.add(logP, tf.mul(tf.sub(1, kept), GONE)));
      const p = among(now);
      const gain = tf.mul(kept, tf.sub(p, among(last)));
      return tf.less(tf.sum(tf.mul(tf.exp(p), gain), -1), threshold);
    }),
  });
}
