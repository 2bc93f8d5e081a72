// Stop at the first loop where the exit distribution's cumulative probability reaches a threshold.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import { logSigmoid } from '../recurrence/halting.ts';
import type { ThresholdRule } from './exitRule.ts';
import { thresholdRule } from './thresholdRule.ts';

export const qExitOptions = z.strictObject({
  threshold: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('cumulative exit probability at which a token stops; 1 = never before the last loop'),
});

/**
 * Q-exit (arXiv 2510.25741, section 3.2): `t_exit = min { t : CDF(t) >= q }`, `CDF(t) = 1 - prod_{j<=t} (1 - lambda_j)`.
 * The survival is kept as a logarithm, so that a threshold of 1 is not reached by rounding.
 */
export function qExit(options: z.input<typeof qExitOptions> = {}): ThresholdRule {
  return thresholdRule({
    id: 'qExit',
    options: parseOptions('exit', qExitOptions, options),
    needs: ['halt'],
    scale: { early: 0, late: 1, law: 'linear' },
    init: ({ batch, seq }) => ({ survival: tf.zeros([batch, seq]) }),
    test: (memory, { halt }, threshold) => {
      const survival = tf.add(memory.survival as tf.Tensor, logSigmoid(tf.neg(halt as tf.Tensor))); // made in init; needed above
      const bound = typeof threshold === 'number' ? Math.log(1 - threshold) : tf.log(tf.sub(1, threshold)); // -Infinity at 1
      return { memory: { survival }, stops: tf.lessEqual(survival, bound) };
    },
  });
}
