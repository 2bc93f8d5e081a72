// The objectives by id, and which of them fit a strategy.
import { ConfigError, nearest, type Strategy } from '@looplab/core';
import type { z } from 'zod';
import { entropyRegularised, entropyRegularisedOptions } from './entropyRegularised.ts';
import { everyLoop, everyLoopOptions } from './everyLoop.ts';
import { gateImprovement, gateImprovementOptions } from './gateImprovement.ts';
import { lastLoop, lastLoopOptions } from './lastLoop.ts';
import { type Objective, ObjectiveError } from './objective.ts';

export interface ObjectiveKind {
  readonly id: string;
  /** One sentence for help and tables. */
  readonly summary: string;
  /** Its options with defaults and descriptions. */
  readonly schema: z.ZodObject;
  make(options: Readonly<Record<string, unknown>>): Objective;
}

// The casts hand options on to objectives without any, whose schemas reject them.
export const objectives: readonly ObjectiveKind[] = [
  {
    id: 'lastLoop',
    summary: 'cross-entropy of the last loop',
    schema: lastLoopOptions,
    make: (o) => lastLoop(o as Record<string, never>),
  },
  {
    id: 'everyLoop',
    summary: 'mean cross-entropy of all loops',
    schema: everyLoopOptions,
    make: (o) => everyLoop(o as Record<string, never>),
  },
  {
    id: 'entropyRegularised',
    summary: 'expected loss under the exit distribution minus beta times its entropy (Ouro, Stage I)',
    schema: entropyRegularisedOptions,
    make: entropyRegularised,
  },
  {
    id: 'gateImprovement',
    summary: 'trains the exit gate alone on whether another loop helped (Ouro, Stage II)',
    schema: gateImprovementOptions,
    make: gateImprovement,
  },
];

/** The objective `id` with these options. Throws a `ConfigError` if there is none or the options are wrong. */
export function objectiveById(id: string, options: Readonly<Record<string, unknown>> = {}): Objective {
  const kind = objectives.find((o) => o.id === id);
  if (kind) return kind.make(options);
  const known = objectives.map((o) => o.id);
  const near = nearest(id, known);
  throw new ConfigError(
    `there is no objective '${id}'; ${near ? `did you mean '${near}'?` : `there are ${known.join(', ')}`}`,
  );
}

function missing(objective: Pick<Objective, 'needs'>, strategy: Pick<Strategy, 'gives'>): string[] {
  return objective.needs.filter((n) => !strategy.gives.includes(n));
}

/** Ids of the objectives that can be used with a strategy. */
export function objectivesThatFit(strategy: Pick<Strategy, 'gives'>): string[] {
  return objectives.filter((o) => missing(o.make({}), strategy).length === 0).map((o) => o.id);
}

/** Throws an `ObjectiveError` that lists the objectives that fit, unless this one does. */
export function assertFits(objective: Pick<Objective, 'id' | 'needs'>, strategy: Pick<Strategy, 'id' | 'gives'>): void {
  const lacking = missing(objective, strategy);
  if (lacking.length === 0) return;
  throw new ObjectiveError(
    `objective ${objective.id} needs ${lacking.join(' and ')}, which strategy ${strategy.id} does not give; objectives that fit: ${objectivesThatFit(strategy).join(', ') || 'none'}`,
  );
}
