// One KV slot for every loop, as Ouro's cache has: loop t attends to what loop t made of the earlier tokens.
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { KvPolicy } from './kvPolicy.ts';

export const perLoopOptions = z.strictObject({
  fill: z
    .enum(['latest', 'none', 'compute'])
    .default('latest')
    .describe(
      'what later tokens see at loops a token skipped: its keys and values of the last loop it did, nothing, or what the loop would have made of its final state (exact for Ouro, saves no compute)',
    ),
});

/** Slot t for loop t (arXiv 2510.25741, section 5.4.2, "full"). */
export function perLoop(options: z.input<typeof perLoopOptions> = {}): KvPolicy {
  const resolved = parseOptions('kv', perLoopOptions, options);
  return {
    id: 'perLoop',
    options: resolved,
    slot: (t) => t,
    views: (t) => [{ slots: [t] }],
    write: resolved.fill === 'compute' ? 'all' : 'active',
    missing: resolved.fill === 'none' ? 'none' : 'latest',
  };
}
