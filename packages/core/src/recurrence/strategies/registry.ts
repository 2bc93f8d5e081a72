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
  /** Where it comes from, with an arXiv id where there is one. */
  readonly paper: string;
  /** What it needs of model and task, in one phrase; `nothing` if any will do. */
  readonly needs: string;
  /** Id of the objective it is trained with where the study names none. */
  readonly objective: string;
  /** How it differs from the others, in short phrases. */
  readonly table: StrategyTable;
  /** Its options with defaults and descriptions. */
  readonly schema: z.ZodObject;
  make(options: Readonly<Record<string, unknown>>): Strategy;
}

/** The row of a strategy in the table of all of them. */
export interface StrategyTable {
  /** What is carried from loop to loop, and where it starts. */
  readonly state: string;
  /** How the input enters each loop. */
  readonly injection: string;
  /** How many loops training runs. */
  readonly depth: string;
  /** Which loops carry gradient. */
  readonly gradient: string;
  /** What decides when a token stops, and how that is trained. */
  readonly halting: string;
  /** What later tokens see of earlier ones. */
  readonly kv: string;
  /** Work of a training step beside that of `fixedLoops`. */
  readonly cost: string;
}

// plain takes no options: its schema rejects whatever the cast lets through.
export const strategies: readonly StrategyKind[] = [
  {
    id: 'plain',
    summary: 'every layer once; the baseline',
    paper: 'Vaswani et al. 2017, arXiv 1706.03762',
    needs: 'model.loops = 1',
    objective: 'lastLoop',
    table: {
      state: 'h = e',
      injection: 'none',
      depth: '1',
      gradient: 'all',
      halting: 'none',
      kv: 'one slot',
      cost: '1 / loops',
    },
    schema: plainOptions,
    make: (o) => plain(o as Record<string, never>),
  },
  {
    id: 'fixedLoops',
    summary: 'the same layers a fixed number of times (k layers, L loops)',
    paper: 'Saunshi et al. 2025, arXiv 2502.17416',
    needs: 'nothing',
    objective: 'lastLoop',
    table: {
      state: 'h = e',
      injection: 'none',
      depth: 'fixed',
      gradient: 'all, or the last gradLoops',
      halting: 'none',
      kv: 'a slot a loop',
      cost: '1',
    },
    schema: fixedLoopsOptions,
    make: fixedLoops,
  },
  {
    id: 'loopLM',
    summary: 'looped layers with a learned exit gate (Ouro)',
    paper: 'Zhu et al. 2025, arXiv 2510.25741',
    needs: 'nothing',
    objective: 'entropyRegularised',
    table: {
      state: 'h = e',
      injection: 'none',
      depth: 'fixed',
      gradient: 'all; in the second stage the gate alone',
      halting: 'a gate a token, expected loss with entropy, then its improvement',
      kv: 'a slot a loop',
      cost: '1 + a readout a loop',
    },
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
