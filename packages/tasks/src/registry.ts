// The tasks by name, for configurations that come as JSON.
import { parseOptions } from '@looplab/core';
import type { z } from 'zod';
import { addition, additionOptions } from './addition.ts';
import { capo, capoOptions } from './capo.ts';
import { groupWords, groupWordsOptions } from './groupWords.ts';
import { mano, manoOptions } from './mano.ts';
import { modularChain, modularChainOptions } from './modularChain.ts';
import { multiHop, multiHopOptions } from './multiHop.ts';
import { pHop, pHopOptions } from './pHop.ts';
import { reachability, reachabilityOptions } from './reachability.ts';
import { type Task, TaskError } from './task.ts';
import { text, textOptions } from './text.ts';
import { withChain, withChainOptions } from './withChain.ts';

export interface TaskEntry {
  readonly summary: string;
  readonly options: z.ZodObject;
  /** Checks `options` and builds the task. */
  create(options: unknown): Task;
}

// Each create checks its options itself, so handing it unchecked ones is safe.
const entries = {
  groupWords: {
    summary: 'word problem of a finite group: the running product at every position',
    options: groupWordsOptions,
    create: (options) => groupWords(options as z.input<typeof groupWordsOptions>),
  },
  mano: {
    summary: 'modular arithmetic on prefix expressions, answered in one token',
    options: manoOptions,
    create: (options) => mano(options as z.input<typeof manoOptions>),
  },
  modularChain: {
    summary: 'variables defined by one another with additions, in any order',
    options: modularChainOptions,
    create: (options) => modularChain(options as z.input<typeof modularChainOptions>),
  },
  addition: {
    summary: 'the sum of several numbers, digit by digit',
    options: additionOptions,
    create: (options) => addition(options as z.input<typeof additionOptions>),
  },
  capo: {
    summary: 'biographies of made-up people, to count the bits that a model stores',
    options: capoOptions,
    create: (options) => capo(options as z.input<typeof capoOptions>),
  },
  multiHop: {
    summary: 'questions that chain several facts stored in the weights',
    options: multiHopOptions,
    create: (options) => multiHop(options as z.input<typeof multiHopOptions>),
  },
  pHop: {
    summary: 'p look-ups in a row of what followed the last time',
    options: pHopOptions,
    create: (options) => pHop(options as z.input<typeof pHopOptions>),
  },
  reachability: {
    summary: 'is there a way between two nodes of a graph in context?',
    options: reachabilityOptions,
    create: (options) => reachability(options as z.input<typeof reachabilityOptions>),
  },
  text: {
    summary: 'language modelling of text files, by bytes or tokens',
    options: textOptions,
    create: (options) => text(options as z.input<typeof textOptions>),
  },
  withChain: {
    summary: 'another task with its chain of thought written out before the answer',
    options: withChainOptions,
    create: (options) => {
      const { inner } = parseOptions('task', withChainOptions, options);
      return withChain(taskById(inner.name, inner));
    },
  },
} satisfies Record<string, TaskEntry>;

/** Every task there is, by name. */
export const tasks: Readonly<Record<string, TaskEntry>> = entries;

/**
 * Builds the task called `name`.
 * @param options its options, or the `config` of such a task (which has its name among them)
 * @throws TaskError where there is none of that name, ConfigError where `options` do not fit
 */
export function taskById(name: string, options: unknown = {}): Task {
  const entry = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (entry === undefined)
    throw new TaskError(`there is no task ${JSON.stringify(name)}; there are ${Object.keys(tasks).join(', ')}`);
  return entry.create(withoutName(name, options));
}

function withoutName(name: string, options: unknown): unknown {
  if (typeof options !== 'object' || options === null || !('name' in options) || options.name !== name) return options;
  const { name: _, ...rest } = options;
  return rest;
}
