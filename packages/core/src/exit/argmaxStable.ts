// Stop when the likeliest token has stayed the same for several loops.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { ThresholdRule } from './exitRule.ts';
import { thresholdRule } from './thresholdRule.ts';

export const argmaxStableOptions = z.strictObject({
  threshold: z
    .number()
    .int()
    .min(1)
    .default(5)
    .describe('a token stops when this many loops in a row have left its likeliest next token as it was'),
});

/** `argmax p_t` equal to that of the loop before, `threshold` times running (Huginn, arXiv 2502.05171). */
export function argmaxStable(options: z.input<typeof argmaxStableOptions> = {}): ThresholdRule {
  return thresholdRule({
    id: 'argmaxStable',
    options: parseOptions('exit', argmaxStableOptions, options),
    needs: ['logits'],
    scale: { early: 1, late: 32, law: 'whole' },
    init: ({ batch, seq }) => ({ best: tf.fill([batch, seq], -1), same: tf.zeros([batch, seq]) }),
    test: (memory, { logits }, threshold) => {
      const best = tf.cast(tf.argMax(logits as tf.Tensor, 2), 'float32'); // needed above
      const again = tf.cast(tf.equal(best, memory.best as tf.Tensor), 'float32'); // made in init
      const same = tf.mul(tf.add(memory.same as tf.Tensor, 1), again); // made in init
      return { memory: { best, same }, stops: tf.greaterEqual(same, threshold) };
    },
  });
}
