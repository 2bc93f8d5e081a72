// Stop when a loop moves the state by a small part of its length.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { ThresholdRule } from './exitRule.ts';
import { firstLeaf } from './firstLeaf.ts';
import { thresholdRule } from './thresholdRule.ts';

export const latentChangeOptions = z.strictObject({
  threshold: z
    .number()
    .positive()
    .default(0.03)
    .describe("a token stops when a loop moved its state by less than this share of the state's length"),
});

/** `||h_t - h_{t-1}|| < threshold ||h_t||`, h the state's first leaf (Huginn, arXiv 2502.05171). Free of any readout. */
export function latentChange(options: z.input<typeof latentChangeOptions> = {}): ThresholdRule {
  return thresholdRule({
    id: 'latentChange',
    options: parseOptions('exit', latentChangeOptions, options),
    needs: [],
    scale: { early: 100, late: 1e-6, law: 'log' },
    test: (_, { before, state }, threshold) => {
      const [a, b] = [firstLeaf(before), firstLeaf(state)];
      const length = (x: tf.Tensor): tf.Tensor => tf.sqrt(tf.sum(tf.square(x), 2));
      return { stops: tf.less(length(tf.sub(b, a)), tf.mul(length(b), threshold)) };
    },
  });
}
