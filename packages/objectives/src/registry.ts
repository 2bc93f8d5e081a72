// The objectives by id, and which of them fit a strategy.
import { ConfigError, nearest, type Strategy } from '@looplab/core';
import type { z } from 'zod';
import { actPonder, actPonderOptions } from './actPonder.ts';
import { consistency, consistencyOptions } from './consistency.ts';
import { decider, deciderOptions } from './decider.ts';
import { entropyRegularised, entropyRegularisedOptions } from './entropyRegularised.ts';
import { everyLoop, everyLoopOptions } from './everyLoop.ts';
import { gateImprovement, gateImprovementOptions } from './gateImprovement.ts';
import { halting, haltingOptions } from './halting.ts';
import { jacobianPenalty, jacobianPenaltyOptions } from './jacobianPenalty.ts';
import { lastLoop, lastLoopOptions } from './lastLoop.ts';
import { type Objective, ObjectiveError } from './objective.ts';
import { ponderNetLoss, ponderNetLossOptions } from './ponderNet.ts';
import { progressive, progressiveOptions } from './progressive.ts';
import { routed, routedOptions } from './routed.ts';
import { stepSupervised, stepSupervisedOptions } from './stepSupervised.ts';
import { windowed, windowedOptions } from './windowed.ts';

export interface ObjectiveKind {
  readonly id: string;
  /** One sentence for help and tables. */
  readonly summary: string;
  /** Its options with defaults and descriptions. */
  readonly schema: z.ZodObject;
  make(options: Readonly<Record<string, unknown>>): Objective;
}

// The cast hands options on to an objective without any, whose schema rejects them.
export const objectives: readonly ObjectiveKind[] = [
  {
    id: 'lastLoop',
    summary: 'cross-entropy of the last loop',
    schema: lastLoopOptions,
    make: (o) => lastLoop(o as Record<string, never>),
  },
  {
    id: 'everyLoop',
    summary: 'mean cross-entropy of all loops, later ones weighing more if wanted (deep supervision)',
    schema: everyLoopOptions,
    make: everyLoop,
  },
  {
    id: 'windowed',
    summary: 'mean cross-entropy of the last loops (looped in-context learner)',
    schema: windowedOptions,
    make: windowed,
  },
  {
    id: 'stepSupervised',
    summary: 'cross-entropy of each loop on its step of the chain of thought (RELAY)',
    schema: stepSupervisedOptions,
    make: stepSupervised,
  },
  {
    id: 'entropyRegularised',
    summary:
      'expected loss under the exit distribution and its divergence from a uniform or geometric prior (Ouro, Stage I)',
    schema: entropyRegularisedOptions,
    make: entropyRegularised,
  },
  {
    id: 'gateImprovement',
    summary: 'trains the exit gate alone on whether another loop helped (Ouro, Stage II)',
    schema: gateImprovementOptions,
    make: gateImprovement,
  },
  {
    id: 'decider',
    summary: 'trains the halting gate alone to send on tokens whose prediction is wrong (Think-at-Hard, second stage)',
    schema: deciderOptions,
    make: decider,
  },
  {
    id: 'ponderNet',
    summary: 'expected loss under the exit distribution and its divergence from a geometric prior (PonderNet)',
    schema: ponderNetLossOptions,
    make: ponderNetLoss,
  },
  {
    id: 'actPonder',
    summary: 'cross-entropy of the output and a price for each loop (adaptive computation time)',
    schema: actPonderOptions,
    make: actPonder,
  },
  {
    id: 'routed',
    summary: 'cross-entropy of the last loop and the losses of a router (mixture of recursions)',
    schema: routedOptions,
    make: routed,
  },
  {
    id: 'halting',
    summary: 'cross-entropy of all loops, and a halting head that learns whether they are right (HRM, TRM)',
    schema: haltingOptions,
    make: halting,
  },
  {
    id: 'jacobianPenalty',
    summary: "cross-entropy of the last loop and a price on the step's Jacobian (DEQ)",
    schema: jacobianPenaltyOptions,
    make: jacobianPenalty,
  },
  {
    id: 'progressive',
    summary: 'cross-entropy of the full trajectory and of one continued from anywhere (deep thinking)',
    schema: progressiveOptions,
    make: progressive,
  },
  {
    id: 'consistency',
    summary: 'cross-entropy of a long and a short trajectory, and the distance of their ends (LoopFormer)',
    schema: consistencyOptions,
    make: consistency,
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

/** Why a pair cannot work; undefined if it can. */
function misfit(
  { needs }: Pick<Objective, 'needs'>,
  { id, gives }: Pick<Strategy, 'id' | 'gives'>,
): string | undefined {
  const lacking = needs.filter((n) => !gives.includes(n));
  if (lacking.length > 0) return `needs ${lacking.join(' and ')}, which strategy ${id} does not give`;
  if (gives.includes('trajectories') && !needs.includes('trajectories'))
    return `is defined on one trajectory, and strategy ${id} trains several`;
  return undefined;
}

/** Ids of the objectives that can be used with a strategy. */
export function objectivesThatFit(strategy: Pick<Strategy, 'id' | 'gives'>): string[] {
  return objectives.filter((o) => misfit(o.make({}), strategy) === undefined).map((o) => o.id);
}

/** Throws an `ObjectiveError` that lists the objectives that fit, unless this one does. */
export function assertFits(objective: Pick<Objective, 'id' | 'needs'>, strategy: Pick<Strategy, 'id' | 'gives'>): void {
  const reason = misfit(objective, strategy);
  if (reason === undefined) return;
  throw new ObjectiveError(
    `objective ${objective.id} ${reason}; objectives that fit: ${objectivesThatFit(strategy).join(', ') || 'none'}`,
  );
}
