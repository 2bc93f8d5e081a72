// Stop when the state is a fixed point of the step, up to a tolerance.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { ThresholdRule } from './exitRule.ts';
import { firstLeaf } from './firstLeaf.ts';
import { thresholdRule } from './thresholdRule.ts';

export const residualOptions = z.strictObject({
  threshold: z
    .number()
    .positive()
    .default(1e-3)
    .describe('a token stops when the root mean square of f(h) - h over its state is below this'),
});

/**
 * `rms(f(h) - h) < threshold`: the stopping rule of fixed-point solvers (DEQ, arXiv 1909.01377, there one norm for the
 * whole batch; here each token's own). After plain loops f(h) - h is the state's change; a solver brings its residual.
 */
export function residual(options: z.input<typeof residualOptions> = {}): ThresholdRule {
  return thresholdRule({
    id: 'residual',
    options: parseOptions('exit', residualOptions, options),
    needs: ['residual'],
    scale: { early: 100, late: 1e-7, law: 'log' },
    test: (_, { state, residual: squared }, threshold) => {
      const width = firstLeaf(state).shape[2] ?? 1;
      return { stops: tf.less(tf.sqrt(tf.div(squared as tf.Tensor, width)), threshold) }; // needed above
    },
  });
}
