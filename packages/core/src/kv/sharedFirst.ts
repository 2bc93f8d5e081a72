// Every loop attends to what the first loop wrote; later loops make no keys and values at all.
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { KvPolicy } from './kvPolicy.ts';

export const sharedFirstOptions = z.strictObject({});

/**
 * Recursive KV sharing (mixture of recursions, arXiv 2507.10524): one slot, and the key and value products of all
 * loops but the first are saved. Tokens that skip the first loop are seen by none.
 */
export function sharedFirst(options: z.input<typeof sharedFirstOptions> = {}): KvPolicy {
  return {
    id: 'sharedFirst',
    options: parseOptions('kv', sharedFirstOptions, options),
    slot: (t) => (t === 0 ? 0 : null),
    views: () => [{ slots: [0] }],
    write: 'active',
    missing: 'none',
  };
}
