// A loop attends to everything that earlier tokens wrote in loops up to its own.
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { KvPolicy } from './kvPolicy.ts';

export const upToDepthOptions = z.strictObject({});

/**
 * Duo-causal attention (Think-at-Hard, arXiv 2511.08577): causal in position and in depth. A query in loop t sees slots
 * 0 to t of the tokens before it and its own; a token that stopped early is seen through the loops it did.
 */
export function upToDepth(options: z.input<typeof upToDepthOptions> = {}): KvPolicy {
  return {
    id: 'upToDepth',
    options: parseOptions('kv', upToDepthOptions, options),
    slot: (t) => t,
    views: (t) => [{ slots: Array.from({ length: t + 1 }, (_, s) => s) }],
    write: 'active',
    missing: 'none',
  };
}
