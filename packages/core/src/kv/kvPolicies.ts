// The KV policies by id.
import type { z } from 'zod';
import { nearest } from '../config/nearest.ts';
import { ConfigError } from '../config/parseOptions.ts';
import { gatedViews, gatedViewsOptions } from './gatedViews.ts';
import { keepFirst } from './keepFirst.ts';
import { keepLast } from './keepLast.ts';
import { keepMean } from './keepMean.ts';
import { keepOptions } from './keepOptions.ts';
import type { KvPolicy } from './kvPolicy.ts';
import { perLoop, perLoopOptions } from './perLoop.ts';
import { ring, ringOptions } from './ring.ts';
import { selective, selectiveOptions } from './selective.ts';
import { sharedFirst, sharedFirstOptions } from './sharedFirst.ts';
import { upToDepth, upToDepthOptions } from './upToDepth.ts';

export interface KvPolicyKind {
  readonly id: string;
  /** One sentence for help and tables. */
  readonly summary: string;
  /** Its options with defaults and descriptions. */
  readonly schema: z.ZodObject;
  make(options: Readonly<Record<string, unknown>>): KvPolicy;
}

// The casts hand options on to policies without any, whose schemas reject them.
export const kvPolicies: readonly KvPolicyKind[] = [
  { id: 'perLoop', summary: 'a slot a loop', schema: perLoopOptions, make: perLoop },
  {
    id: 'keepFirst',
    summary: 'of finished tokens the first slot',
    schema: keepOptions,
    make: keepFirst,
  },
  {
    id: 'keepLast',
    summary: 'of finished tokens the last slot',
    schema: keepOptions,
    make: keepLast,
  },
  {
    id: 'keepMean',
    summary: 'of finished tokens the mean of all slots',
    schema: keepOptions,
    make: keepMean,
  },
  { id: 'ring', summary: 'a few slots in turn', schema: ringOptions, make: ring },
  {
    id: 'sharedFirst',
    summary: "the first loop's slot for all loops",
    schema: sharedFirstOptions,
    make: (o) => sharedFirst(o as Record<string, never>),
  },
  {
    id: 'selective',
    summary: 'a slot a loop, of the tokens that compute it',
    schema: selectiveOptions,
    make: (o) => selective(o as Record<string, never>),
  },
  {
    id: 'upToDepth',
    summary: 'the slots of all loops so far',
    schema: upToDepthOptions,
    make: (o) => upToDepth(o as Record<string, never>),
  },
  {
    id: 'gatedViews',
    summary: "the first loop's slot and a window of the own, blended by a gate",
    schema: gatedViewsOptions,
    make: gatedViews,
  },
];

/** The policy `id` with these options. Throws a `ConfigError` if there is none or the options are wrong. */
export function kvPolicyById(id: string, options: Readonly<Record<string, unknown>> = {}): KvPolicy {
  const kind = kvPolicies.find((p) => p.id === id);
  if (kind) return kind.make(options);
  const known = kvPolicies.map((p) => p.id);
  const near = nearest(id, known);
  throw new ConfigError(
    `there is no kv policy '${id}'; ${near ? `did you mean '${near}'?` : `there are ${known.join(', ')}`}`,
  );
}
