// Stop at the first step where the exit distribution's cumulative probability reaches a threshold.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import { logSigmoid } from '../recurrence/halting.ts';
import type { ExitRule } from './exitRule.ts';

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
export function qExit(options: z.input<typeof qExitOptions> = {}): ExitRule {
  const resolved = parseOptions('exit', qExitOptions, options);
  const bound = Math.log(1 - resolved.threshold); // -Infinity at 1
  return {
    id: 'qExit',
    options: resolved,
    needs: ['halt'],
    init: (batch, seq) => ({ survival: tf.zeros([batch, seq]) }),
    check: (memory, { halt }) => {
      const survival = tf.add(memory.survival as tf.Tensor, logSigmoid(tf.neg(halt as tf.Tensor))); // made in init; needed above
      const done =
        bound === Number.NEGATIVE_INFINITY ? tf.zerosLike(survival) : tf.cast(tf.lessEqual(survival, bound), 'float32');
      return { memory: { survival }, done };
    },
  };
}
