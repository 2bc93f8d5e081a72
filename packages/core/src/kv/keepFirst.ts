// Of a finished token only the keys and values of its first loop are kept.
import type { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import { keepOptions } from './keepOptions.ts';
import type { KvPolicy } from './kvPolicy.ts';
import { perLoop } from './perLoop.ts';

/**
 * Loops of a call see each other as in training; of earlier tokens every loop sees what their first made ("first", arXiv
 * 2510.25741, section 5.4.2, where it is the worst of the three). One slot instead of one a loop.
 */
export function keepFirst(options: z.input<typeof keepOptions> = {}): KvPolicy {
  const resolved = parseOptions('kv', keepOptions, options);
  return {
    ...perLoop(),
    id: 'keepFirst',
    options: resolved,
    keepPrompt: resolved.prompt === 'every',
    keep: 'first',
    inexact:
      'a later token sees of an earlier one what its first loop wrote, in the parallel pass what each loop wrote',
  };
}
