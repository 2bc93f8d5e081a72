// A slot a loop in which only the tokens that compute the loop appear.
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { KvPolicy } from './kvPolicy.ts';

export const selectiveOptions = z.strictObject({});

/**
 * Recursion-wise caching (mixture of recursions, arXiv 2507.10524): the tokens chosen for loop t write slot t and
 * attend to each other there; tokens that skip it are not seen at that depth.
 */
export function selective(options: z.input<typeof selectiveOptions> = {}): KvPolicy {
  return {
    id: 'selective',
    options: parseOptions('kv', selectiveOptions, options),
    slot: (t) => t,
    views: (t) => [{ slots: [t] }],
    write: 'active',
    missing: 'none',
  };
}
