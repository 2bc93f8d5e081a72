// The word problem of a finite group: read random elements, say the running product at every position.
import { fold, type Key, key, parseOptions, randint } from '@looplab/core';
import { z } from 'zod';
import { groupByName } from './groups.ts';
import { emptyBatch, type Task, type TaskBatch } from './task.ts';

export const groupWordsOptions = z.strictObject({
  group: z
    .string()
    .regex(/^[SAZ]\d{1,4}$/, {
      error: ({ input }) =>
        `group must be S, A or Z and a number, such as S3, A5 or Z7 (got '${input}'); set task.group`,
    })
    .default('S3')
    .describe('the group: S3, S4, S5 (permutations), A4, A5 (even permutations), Z2, Z7 (addition modulo n)'),
  seq: z.int().min(1).default(16).describe('elements in a word'),
  validationSeed: z.int().min(0).default(0).describe('seed of the held-out words'),
});

/**
 * Words `g_1 g_2 … g_seq` of independent, uniform elements; the target at position `t` is `g_1 · g_2 · … · g_t`, multiplied
 * from left to right: `s_t = s_{t-1} · g_t`, and for permutations `a · b` applies `a` first. Every position is scored.
 * Each target is uniform over the group, so chance is exactly `1/|G|`. Symbols and answers are the elements `0..|G|-1`.
 * No symbol opens a word, so `a`, `a a` and `a a a` look alike to a model with relative positions: over S3 it is right at
 * most 0.981 of the time in words of 8 and 0.991 in words of 16.
 *
 * Held-out words are drawn apart from training words, not excluded from them: with few possible words (`|G|^seq`) some occur in both.
 *
 * @throws ConfigError, TaskError where the options do not fit
 *
 * @example
 * const task = groupWords({ group: 'S3', seq: 16 });
 * task.train(0, 0, 32).ids.length; // 512
 */
export function groupWords(options: z.input<typeof groupWordsOptions> = {}): Task {
  const config = parseOptions('task', groupWordsOptions, options);
  const group = groupByName(config.group);
  const { seq } = config;

  const words = (from: Key, batch: number, first: number): TaskBatch => {
    const out = emptyBatch(batch, seq);
    out.weights.fill(1);
    for (let row = 0; row < batch; row++) {
      const word = randint(fold(from, first + row), seq, group.order);
      out.ids.set(word, row * seq);
      out.targets.set(runningProduct(word), row * seq);
    }
    return out;
  };

  const runningProduct = (word: ArrayLike<number>): number[] => {
    let product = group.identity;
    return Array.from(word, (element) => (product = group.multiply(product, element)));
  };

  const label = (element: number): string => group.labels[element] ?? `?${element}`;

  return {
    name: 'groupWords',
    vocab: group.order,
    seq,
    chance: 1 / group.order,
    metric: 'accuracy',
    config: { name: 'groupWords', ...config },
    train: (seed, step, batch) => words(fold(fold(key(seed), 'groupWords/train'), step), batch, 0),
    validation: (index, batch) =>
      words(fold(key(config.validationSeed), 'groupWords/validation'), batch, index * batch),
    decode: (ids) => Array.from(ids, label).join(' '),
    chainSteps: seq,
    chain: (ids) => {
      const products = runningProduct(ids);
      return products.map((token, position) => {
        const before = position === 0 ? group.identity : (products[position - 1] ?? 0);
        return {
          problem: 0,
          position,
          token,
          text: `${label(before)} · ${label(ids[position] ?? 0)} = ${label(token)}`,
        };
      });
    },
  };
}
