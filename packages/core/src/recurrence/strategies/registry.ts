// The strategies by id: a new one is used everywhere once it stands in this list.
import type { z } from 'zod';
import { nearest } from '../../config/nearest.ts';
import { ConfigError } from '../../config/parseOptions.ts';
import type { Strategy } from '../strategy.ts';
import { fixedLoops, fixedLoopsOptions } from './fixedLoops.ts';
import { loopLM, loopLMOptions } from './loopLM.ts';
import { plain, plainOptions } from './plain.ts';

export interface StrategyKind {
  readonly id: string;
  /** One sentence for help and tables. */
  readonly summary: string;
  /** Its options with defaults and descriptions. */
  readonly schema: z.ZodObject;
  make(options: Readonly<Record<string, unknown>>): Strategy;
}

// plain takes no options: its schema rejects whatever the cast lets through.
export const strategies: readonly StrategyKind[] = [
  {
    id: 'plain',
    summary: 'every layer once; the baseline',
    schema: plainOptions,
    make: (o) => plain(o as Record<string, never>),
  },
  { id: 'fixedLoops', summary: 'the same layers a fixed number of times', schema: fixedLoopsOptions, make: fixedLoops },
  {
    id: 'loopLM',
    summary: 'looped layers with a learned exit gate (Ouro, arXiv 2510.25741)',
    schema: loopLMOptions,
    make: loopLM,
  },
];

/** The strategy `id` with these options. Throws a `ConfigError` if there is none or the options are wrong. */
export function strategyById(id: string, options: Readonly<Record<string, unknown>> = {}): Strategy {
  const kind = strategies.find((s) => s.id === id);
  if (kind) return kind.make(options);
  const known = strategies.map((s) => s.id);
  const near = nearest(id, known);
  throw new ConfigError(
    `there is no strategy '${id}'; ${near ? `did you mean '${near}'?` : `there are ${known.join(', ')}`}`,
  );
}
