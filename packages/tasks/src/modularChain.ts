// Chains of modular additions: variables defined by one another, in any order, and the value of one of them.
import { fold, type Key, key, parseOptions } from '@looplab/core';
import { z } from 'zod';
import { draws } from './draws.ts';
import { shuffled } from './graphs.ts';
import { madeUpName } from './names.ts';
import { type ChainStep, emptyBatch, type Task, type TaskBatch, TaskError } from './task.ts';

const whole = z.int();
export const modularChainOptions = z.strictObject({
  modulus: whole.min(2).max(4096).default(23).describe('values are 0..modulus-1'),
  maxLength: whole.min(1).max(256).default(4).describe('L: training draws U{1..L} additions in a chain'),
  validationLength: whole
    .min(1)
    .max(256)
    .optional()
    .describe('additions of a validation chain, also more than in training; default maxLength'),
  longestLength: whole
    .min(1)
    .max(256)
    .optional()
    .describe('additions that rows have room for; default the larger of maxLength and validationLength'),
  chains: whole.min(1).max(16).default(2).describe('chains in a row, one of which is asked for'),
  order: z
    .enum(['shuffled', 'forward'])
    .default('shuffled')
    .describe('lines in random order, or each chain from its beginning on, the chains mixed'),
  validationSeed: whole.min(0).default(0).describe('seed of the held-out problems'),
});

/**
 * `Dan = Ban + 5 | Ban = 3 | … Dan ?`: each of `chains` chains begins with a variable of a given value, and each further variable is the
 * one before plus a constant, modulo `modulus`. The last variable of one chain is asked for; its value is the target at `?`. All chains of
 * a row have the same length, so the constants alone do not tell which belong together. Symbols: values, variables, `=`, `+`, `|`, `?`.
 * Rows are filled up on the right with `?` at weight 0.
 *
 * Longer chains than in training: as in Mano, `longestLength` gives all lengths the same rows and symbols.
 * Held-out problems are drawn apart from training problems, not excluded from them. Chance is `1 / modulus`, exactly.
 * @throws ConfigError, TaskError where the options do not fit
 *
 * @example
 * const task = modularChain({ modulus: 10, maxLength: 2, chains: 1 });
 * task.decode(task.validation(0, 1).ids); // something like `Dan = Fan + 5 | Ban = Dan + 9 | Fan = 3 | Ban ?`
 */
export function modularChain(options: z.input<typeof modularChainOptions> = {}): Task {
  const parsed = parseOptions('task', modularChainOptions, options);
  const { modulus, maxLength, chains, order } = parsed;
  const validationLength = parsed.validationLength ?? maxLength;
  const needed = Math.max(maxLength, validationLength);
  const longestLength = parsed.longestLength ?? needed;
  if (longestLength < needed) {
    throw new TaskError(
      `modularChain: longestLength must be >= maxLength = ${maxLength} and validationLength = ${validationLength} (got ${longestLength}); raise it`,
    );
  }
  const variables = chains * (longestLength + 1);
  const [is, plus, bar, ask] = [0, 1, 2, 3].map((i) => modulus + variables + i) as [number, number, number, number]; // four of four
  const seq = chains * (4 + 6 * longestLength) + 2;

  const fill = (from: Key, batch: number, first: number, length?: number): TaskBatch => {
    const out = emptyBatch(batch, seq);
    out.ids.fill(ask);
    for (let row = 0; row < batch; row++) {
      const next = draws(fold(from, first + row));
      const size = length ?? 1 + next(maxLength);
      const names = shuffled([...Array(variables).keys()], next).map((variable) => modulus + variable);
      const values: number[] = [];
      const blocks = Array.from({ length: chains }, (_, chain) => {
        const own = names.slice(chain * (size + 1), (chain + 1) * (size + 1));
        return own.map((name, i) => {
          const constant = next(modulus);
          values[chain] = ((i === 0 ? 0 : (values[chain] ?? 0)) + constant) % modulus;
          return i === 0 ? [name, is, constant, bar] : [name, is, own[i - 1] ?? 0, plus, constant, bar];
        });
      });
      const lines = order === 'shuffled' ? shuffled(blocks.flat(), next) : merged(blocks, next);
      const asked = next(chains);
      const symbols = [...lines.flat(), names[asked * (size + 1) + size] ?? 0, ask];
      out.ids.set(symbols, row * seq);
      out.targets[row * seq + symbols.length - 1] = values[asked] ?? 0;
      out.weights[row * seq + symbols.length - 1] = 1;
    }
    return out;
  };

  const word = (id: number): string => {
    if (id >= 0 && id < modulus) return String(id);
    return id >= modulus && id < modulus + variables
      ? madeUpName(id - modulus)
      : (['=', '+', '|', '?'][id - is] ?? `?${id}`);
  };

  /** The additions of the chain that is asked for, each at the place where all it needs has been read. */
  const chain = (ids: ArrayLike<number>): ChainStep[] => {
    const all = Array.from(ids);
    const end = all.indexOf(ask);
    const lineOf = new Map<number, { before?: number; constant: number; at: number }>();
    all.forEach((id, at) => {
      const [name, first, second] = [all[at - 1], all[at + 1], all[at + 3]];
      if (id !== is || at > end || name === undefined || first === undefined) return;
      if (first < modulus) lineOf.set(name, { constant: first, at: at + 1 });
      else if (second !== undefined) lineOf.set(name, { before: first, constant: second, at: at + 3 });
    });
    const work = (name: number | undefined): { value: number; position: number; steps: ChainStep[] } | undefined => {
      const line = name === undefined ? undefined : lineOf.get(name);
      if (line === undefined) return undefined;
      if (line.before === undefined) return { value: line.constant, position: line.at, steps: [] };
      const before = work(line.before);
      if (before === undefined) return undefined;
      const token = (before.value + line.constant) % modulus;
      const position = Math.max(before.position, line.at);
      const text = `${before.value} + ${line.constant} = ${token}`;
      return { value: token, position, steps: [...before.steps, { problem: 0, position, token, text }] };
    };
    return work(all[end - 1])?.steps ?? [];
  };

  return {
    name: 'modularChain',
    vocab: modulus + variables + 4,
    seq,
    chance: 1 / modulus,
    metric: 'accuracy',
    config: { name: 'modularChain', ...parsed, validationLength, longestLength },
    train: (seed, step, batch) => fill(fold(fold(key(seed), 'modularChain/train'), step), batch, 0),
    validation: (index, batch) =>
      fill(fold(key(parsed.validationSeed), 'modularChain/validation'), batch, index * batch, validationLength),
    decode: (ids) => Array.from(ids, word).join(' '),
    chainSteps: longestLength,
    chain,
  };
}

/** The lists mixed at random, each in its own order. */
function merged<T>(lists: readonly (readonly T[])[], next: (below: number) => number): T[] {
  const turns = shuffled(
    lists.flatMap((list, which) => list.map(() => which)),
    next,
  );
  const taken = lists.map(() => 0);
  return turns.flatMap((which) => {
    const at = taken[which] ?? 0;
    taken[which] = at + 1;
    return lists[which]?.slice(at, at + 1) ?? [];
  });
}
