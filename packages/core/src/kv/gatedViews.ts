// Later loops blend all of the first loop's keys with a short window of their own.
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { KvPolicy } from './kvPolicy.ts';
import { perLoop } from './perLoop.ts';

export const gatedViewsOptions = z.strictObject({
  window: z
    .number()
    .int()
    .min(1)
    .default(64)
    .describe("tokens, the query's own included, that a later loop sees of its own keys"),
});

/**
 * Gated sliding-window attention (Parallel Loop Transformer, arXiv 2510.24824, with its window of 64): loop 0 sees its own slot;
 * loop t sees slot 0 and the last `window` tokens of slot t, blended by a gate a head. The core needs `viewGate: true`.
 */
export function gatedViews(options: z.input<typeof gatedViewsOptions> = {}): KvPolicy {
  const resolved = parseOptions('kv', gatedViewsOptions, options);
  const { window } = resolved;
  return {
    ...perLoop(),
    id: 'gatedViews',
    options: resolved,
    views: (t) => (t === 0 ? [{ slots: [0] }] : [{ slots: [0] }, { slots: [t], window }]),
  };
}
