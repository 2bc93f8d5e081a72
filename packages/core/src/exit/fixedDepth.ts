// Every token stops after the same number of loops.
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
    .describe('loops after which every token stops (default: as many as are planned)'),
});

/** Stop after `depth` loops, or at the end of the plan. */
export function fixedDepth(options: z.input<typeof fixedDepthOptions> = {}): ExitRule {
  const resolved = parseOptions('exit', fixedDepthOptions, options);
  const { depth } = resolved;
  return {
    id: 'fixedDepth',
    options: resolved,
    needs: [],
    init: () => ({}),
    check: (memory, { loop }) => ({
      memory,
      done: depth === undefined ? tf.zerosLike(loop) : tf.cast(tf.greaterEqual(loop, depth), 'float32'),
    }),
  };
}
