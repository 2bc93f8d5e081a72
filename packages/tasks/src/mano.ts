// Mano: mental modular arithmetic, a prefix expression answered in one token without writing anything down.
import { fold, type Key, key, parseOptions } from '@looplab/core';
import { z } from 'zod';
import { draws } from './draws.ts';
import { evaluate, type Op, prefix, randomExpression, work } from './manoExpression.ts';
import { type ChainStep, emptyBatch, type Task, type TaskBatch, TaskError } from './task.ts';

const whole = z.int();
export const manoOptions = z.strictObject({
  modulus: whole.min(2).max(4096).default(23).describe('values are 0..modulus-1'),
  maxOps: whole.min(1).max(512).default(10).describe('L: training draws U{1..L} operators'),
  validationOps: whole
    .min(1)
    .max(512)
    .optional()
    .describe('operators in a validation problem, also more than in training; default maxOps'),
  longestOps: whole
    .min(1)
    .max(512)
    .optional()
    .describe('operators that rows and length symbols have room for; default the larger of maxOps and validationOps'),
  ops: z
    .array(z.enum(['+', '-', '*']))
    .refine((ops) => ops.length > 0, 'ops must name at least one operator; set task.ops')
    .refine((ops) => new Set(ops).size === ops.length, 'ops must not repeat an operator; set task.ops')
    .default(['+', '-', '*'])
    .describe('operators to draw from, all modulo modulus'),
  opTokens: z
    .enum(['single', 'double'])
    .default('single')
    .describe('one symbol for an operator (Ouro), or two synonyms picked at random (Physics of Language Models 4.1)'),
  lengthToken: z.boolean().default(true).describe('say the number of operators before the expression: <len_l>'),
  answerToken: z
    .enum(['plain', 'length'])
    .default('plain')
    .describe(
      'the mark before the answer: <ans> (Ouro), or <ans_l> with the number of operators (the code of Part 4.1)',
    ),
  loss: z
    .enum(['answer', 'all'])
    .default('answer')
    .describe(
      'which symbols training scores: the answer, or every one (Physics of Language Models 4.1); validation scores answers',
    ),
  packing: z
    .enum(['none', 'open', 'masked'])
    .default('none')
    .describe(
      'one problem a row; or problems one after another, which see those before them (open) or do not (masked)',
    ),
  seq: whole.min(1).optional().describe('symbols in a row; default: the longest problem (packing none) or 1024'),
  validationSeed: whole.min(0).default(0).describe('seed of the held-out problems'),
});

/**
 * `<bos> <len_l> expression <ans> answer` with `l` operators in prefix order (Ouro B.2; Allen-Zhu, Part 4.1). Symbols, in order of
 * id: the values `0..modulus-1`, the operators (each twice in a row when doubled), `<bos>`, `<ans>` (or `<ans_0>..<ans_M>`),
 * `<len_0>..<len_M>`, with `M = longestOps`. The input ends with `<ans>` and the answer is the target there, so `seq` is `2 M + 4`;
 * shorter problems are filled up on the right with `<bos>` at weight 0, which a causal model cannot see.
 *
 * Longer problems than in training: one task with `longestOps` at the longest length gives every length the same symbols and
 * rows, so a model trained on it can be read on `mano({ ...options, validationOps: l })` for each `l`. Length symbols above `maxOps`
 * are never trained; `lengthToken: false` leaves them out.
 *
 * `packing` cuts windows of `seq` from problems laid end to end, the first left-aligned, the last cut off; validation then scores
 * every answer of a window. Batches name each position's problem in `segments`; `masked` also asks for attention within problems only
 * (`isolated`), as Ouro does. With rotary positions, which are relative, that computes the same numbers as `none`.
 *
 * Held-out problems are drawn apart from training problems, not excluded from them: short ones occur in both.
 * Chance is `1 / modulus`; answers are not quite uniform, since a product is 0 more often than other values.
 *
 * @throws ConfigError, TaskError where the options do not fit
 *
 * @example
 * const task = mano({ maxOps: 3 });
 * const { ids } = task.validation(0, 1);
 * task.decode(ids); // something like `<bos> <len_3> - * 4 7 + 1 20 <ans>`
 */
export function mano(options: z.input<typeof manoOptions> = {}): Task {
  const parsed = parseOptions('task', manoOptions, options);
  const { modulus, maxOps, ops, lengthToken, packing } = parsed;
  const validationOps = parsed.validationOps ?? maxOps;
  const longestOps = parsed.longestOps ?? Math.max(maxOps, validationOps);
  if (longestOps < Math.max(maxOps, validationOps)) {
    throw new TaskError(
      `mano: longestOps must be >= maxOps = ${maxOps} and validationOps = ${validationOps} (got ${longestOps}); raise it`,
    );
  }
  const longest = 2 * longestOps + 3 + (lengthToken ? 1 : 0); // of the input; the answer is only a target
  const seq = parsed.seq ?? (packing === 'none' ? longest : Math.max(longest, 1024));
  if (seq < longest) {
    throw new TaskError(
      `mano: seq must be >= ${longest} to hold a problem of ${longestOps} operators (got ${seq}); raise seq or lower longestOps`,
    );
  }

  const copies = parsed.opTokens === 'double' ? 2 : 1;
  const bos = modulus + ops.length * copies;
  const ans0 = bos + 1;
  const len0 = ans0 + (parsed.answerToken === 'length' ? longestOps + 1 : 1);
  const vocab = lengthToken ? len0 + longestOps + 1 : len0;
  const ansOf = (size: number): number => (parsed.answerToken === 'length' ? ans0 + size : ans0);
  const isAns = (id: number | undefined): boolean => id !== undefined && id >= ans0 && id < len0;
  const readSymbol = (id: number): Op | number =>
    id < modulus ? id : (ops[Math.floor((id - modulus) / copies)] ?? '+');

  /** All symbols of a problem, the answer included. */
  const problem = (size: number, next: (below: number) => number): number[] => {
    const e = randomExpression(size, modulus, ops, next);
    const symbols = prefix(e).map((s) =>
      typeof s === 'number' ? s : modulus + ops.indexOf(s) * copies + (copies > 1 ? next(copies) : 0),
    );
    return [bos, ...(lengthToken ? [len0 + size] : []), ...symbols, ansOf(size), evaluate(e, modulus)];
  };

  const fill = (from: Key, batch: number, first: number, loss: 'answer' | 'all', size?: number): TaskBatch => {
    const out = emptyBatch(batch, seq);
    out.ids.fill(bos);
    const segments = packing === 'none' ? undefined : new Int32Array(batch * seq);
    for (let row = 0; row < batch; row++) {
      const next = draws(fold(from, first + row));
      const symbols: number[] = [];
      do symbols.push(...problem(size ?? 1 + next(maxOps), next));
      while (packing !== 'none' && symbols.length <= seq);
      let begun = 0;
      for (let t = 0; t < Math.min(seq, symbols.length - 1); t++) {
        const at = row * seq + t;
        const symbol = symbols[t] ?? bos;
        if (symbol === bos) begun += 1;
        out.ids[at] = symbol;
        out.targets[at] = symbols[t + 1] ?? 0;
        out.weights[at] = loss === 'all' || isAns(symbol) ? 1 : 0;
        if (segments) segments[at] = begun - 1;
      }
    }
    return segments ? { ...out, segments, isolated: packing === 'masked' } : out;
  };

  const chain = (ids: ArrayLike<number>): ChainStep[] => {
    const all = Array.from(ids);
    const starts = [...all.keys()].filter((at) => all[at] === bos);
    return starts.flatMap((start, index) => {
      const end = all.findIndex((id, at) => at > start && isAns(id));
      const from = start + (lengthToken ? 2 : 1);
      if (end < 0 || end > (starts[index + 1] ?? all.length)) return []; // padding, or cut off
      const symbols = all.slice(from, end).map(readSymbol);
      return (work(symbols, modulus)?.steps ?? []).map(({ op, a, b, value, end: last }) => ({
        problem: index,
        position: from + last,
        token: value,
        text: `${a} ${op} ${b} = ${value}`,
      }));
    });
  };

  const word = (id: number): string => {
    if (id === bos) return '<bos>';
    if (isAns(id)) return parsed.answerToken === 'length' ? `<ans_${id - ans0}>` : '<ans>';
    if (id >= len0 && id < vocab) return `<len_${id - len0}>`;
    return id >= 0 && id < bos ? String(readSymbol(id)) : `?${id}`;
  };

  return {
    name: 'mano',
    vocab,
    seq,
    chance: 1 / modulus,
    metric: 'accuracy',
    config: { name: 'mano', ...parsed, validationOps, longestOps, seq },
    train: (seed, step, batch) => fill(fold(fold(key(seed), 'mano/train'), step), batch, 0, parsed.loss),
    validation: (index, batch) =>
      fill(fold(key(parsed.validationSeed), 'mano/validation'), batch, index * batch, 'answer', validationOps),
    decode: (ids) => Array.from(ids, word).join(' '),
    chainSteps: longestOps,
    chain,
  };
}
