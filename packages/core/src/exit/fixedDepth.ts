// Every token stops after the same number of steps.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { ExitRule } from './exitRule.ts';

export const fixedDepthOptions = z.strictObject({
  depth: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('steps after which every token stops (default: as many as are planned)'),
});

/** Stop after `depth` steps, or at the end of the plan. */
export function fixedDepth(options: z.input<typeof fixedDepthOptions> = {}): ExitRule {
  const resolved = parseOptions('exit', fixedDepthOptions, options);
  const depth = resolved.depth ?? Number.POSITIVE_INFINITY;
  return {
    id: 'fixedDepth',
    options: resolved,
    needs: [],
    init: (batch, seq) => ({ zero: tf.zeros([batch, seq]) }),
    check: (memory, { t }) => {
      const zero = memory.zero as tf.Tensor; // made in init
      return { memory, done: t + 1 >= depth ? tf.onesLike(zero) : zero };
    },
  };
}
