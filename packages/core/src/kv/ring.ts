// A fixed number of KV slots that the loops take in turn: later loops overwrite earlier ones.
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { KvPolicy } from './kvPolicy.ts';
import { perLoop } from './perLoop.ts';

export const ringOptions = z.strictObject({
  slots: z.number().int().min(1).default(1).describe('slots for all loops; loop t writes and reads slot t mod slots'),
});

/**
 * Loop t writes and reads slot `t mod slots` (Huginn's cache budget, arXiv 2502.05171). In the parallel pass
 * that is a slot a loop; in decoding, loop t sees of an earlier token what the last loop in its slot wrote. Equal if
 * there are no more loops than slots.
 */
export function ring(options: z.input<typeof ringOptions> = {}): KvPolicy {
  const resolved = parseOptions('kv', ringOptions, options);
  const { slots } = resolved;
  return {
    ...perLoop(),
    id: 'ring',
    options: resolved,
    slot: (t) => t % slots,
    views: (t) => [{ slots: [t % slots] }],
    inexact: `with more than ${slots} loops, a later token sees of an earlier one only what the last loop in a slot wrote`,
  };
}
