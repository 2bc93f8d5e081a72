// Stop when a loop no longer turns the state.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { ThresholdRule } from './exitRule.ts';
import { firstLeaf } from './firstLeaf.ts';
import { thresholdRule } from './thresholdRule.ts';

export const cosineOptions = z.strictObject({
  threshold: z
    .number()
    .positive()
    .default(1e-3)
    .describe('a token stops when 1 - cos of the angle between its states before and after a loop is below this'),
});

/** `1 - cos(h_t, h_{t-1}) < threshold`, h the state's first leaf (Huginn, arXiv 2502.05171). Free of any readout. */
export function cosine(options: z.input<typeof cosineOptions> = {}): ThresholdRule {
  return thresholdRule({
    id: 'cosine',
    options: parseOptions('exit', cosineOptions, options),
    needs: [],
    scale: { early: 2, late: 1e-7, law: 'log' },
    test: (_, { before, state }, threshold) => {
      const [a, b] = [firstLeaf(before), firstLeaf(state)];
      const dot = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.sum(tf.mul(x, y), 2);
      const norms = tf.sqrt(tf.mul(dot(a, a), dot(b, b)));
      // A state of 0 has no direction: it counts as turned by a right angle.
      return { stops: tf.less(tf.sub(1, tf.divNoNan(dot(a, b), norms)), threshold) };
    },
  });
}
