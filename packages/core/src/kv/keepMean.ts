// Of a finished token the mean of the keys and values of all its loops is kept.
import type { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import { keepOptions } from './keepOptions.ts';
import type { KvPolicy } from './kvPolicy.ts';
import { perLoop } from './perLoop.ts';

/**
 * Loops of a call see each other as in training; of earlier tokens every loop sees the mean over their loops ("averaged",
 * arXiv 2510.25741, section 5.4.2). A loop that a token skipped counts as the last it did. One slot instead of one a loop.
 */
export function keepMean(options: z.input<typeof keepOptions> = {}): KvPolicy {
  const resolved = parseOptions('kv', keepOptions, options);
  return {
    ...perLoop(),
    id: 'keepMean',
    options: resolved,
    keepPrompt: resolved.prompt === 'every',
    keep: 'mean',
    inexact: 'a later token sees of an earlier one the mean over its loops, in the parallel pass what each loop wrote',
  };
}
