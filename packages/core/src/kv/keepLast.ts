// Of a finished token only the keys and values of its last loop are kept.
import type { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import { keepOptions } from './keepOptions.ts';
import type { KvPolicy } from './kvPolicy.ts';
import { perLoop } from './perLoop.ts';

/**
 * Loops of a call see each other as in training; of earlier tokens every loop sees what their last made ("last-step only",
 * arXiv 2510.25741, section 5.4.2, which costs Ouro next to nothing). One slot instead of one a loop.
 */
export function keepLast(options: z.input<typeof keepOptions> = {}): KvPolicy {
  const resolved = parseOptions('kv', keepOptions, options);
  return {
    ...perLoop(),
    id: 'keepLast',
    options: resolved,
    keepPrompt: resolved.prompt === 'every',
    keep: 'last',
    inexact: 'a later token sees of an earlier one what its last loop wrote, in the parallel pass what each loop wrote',
  };
}
