// Adding several numbers, digit by digit: carries make each digit of the sum depend on all digits below.
import { fold, type Key, key, parseOptions } from '@looplab/core';
import { z } from 'zod';
import { draws } from './draws.ts';
import { type ChainStep, emptyBatch, type Task, type TaskBatch, TaskError } from './task.ts';

const whole = z.int();
export const additionOptions = z.strictObject({
  maxOperands: whole.min(2).max(256).default(4).describe('n: training draws U{2..n} numbers to add'),
  validationOperands: whole
    .min(2)
    .max(256)
    .optional()
    .describe('numbers in a validation problem, also more than in training; default maxOperands'),
  longestOperands: whole
    .min(2)
    .max(256)
    .optional()
    .describe('numbers that rows and answers have room for; default the larger of maxOperands and validationOperands'),
  digits: whole.min(1).max(12).default(3).describe('digits of each number, with leading zeros'),
  answer: z
    .enum(['reversed', 'plain'])
    .default('reversed')
    .describe('the sum from its last digit on, in the order of the carries, or from its first'),
  validationSeed: whole.min(0).default(0).describe('seed of the held-out problems'),
});

/**
 * `012+345+907=4621`: numbers with uniform digits and the digits of their sum, always `width` of them, last digit first unless `plain`
 * (Saunshi et al. 2025 add up to 32 numbers of 3 digits). The input ends before the last digit of the sum, and each of its digits is scored;
 * accuracy is by digit, with the right digits before it. Symbols: `0..9`, `+`, `=`, then the carries `c0..c(n-1)`, which stand in
 * chains only. Rows are filled up on the right with `=` at weight 0.
 *
 * More numbers than in training: as in Mano, `longestOperands` gives all sizes the same rows, answers and symbols.
 * Held-out problems are drawn apart from training problems, not excluded from them. Chance is 1/10; leading digits are easier.
 * @throws ConfigError, TaskError where the options do not fit
 *
 * @example
 * const task = addition({ maxOperands: 2, digits: 2 });
 * task.decode(task.validation(0, 1).ids); // something like `58+67=52`, and the last target is 1
 */
export function addition(options: z.input<typeof additionOptions> = {}): Task {
  const parsed = parseOptions('task', additionOptions, options);
  const { maxOperands, digits } = parsed;
  const validationOperands = parsed.validationOperands ?? maxOperands;
  const needed = Math.max(maxOperands, validationOperands);
  const longestOperands = parsed.longestOperands ?? needed;
  if (longestOperands < needed) {
    throw new TaskError(
      `addition: longestOperands must be >= maxOperands = ${maxOperands} and validationOperands = ${validationOperands} (got ${longestOperands}); raise it`,
    );
  }
  const width = String(longestOperands * (10 ** digits - 1)).length;
  const [plus, equals, carry0] = [10, 11, 12];
  const vocab = carry0 + longestOperands;
  const problem = longestOperands * (digits + 1); // with the `=`
  const seq = problem + width - 1;

  /** Each column of the sum, last digit first: its digit and what it carries. */
  const columns = (numbers: readonly (readonly number[])[]): { digit: number; carry: number; sum: string }[] => {
    let carry = 0;
    return Array.from({ length: width }, (_, column) => {
      const own = numbers.map((number) => number.at(-1 - column) ?? 0);
      const total = own.reduce((a, b) => a + b, carry);
      const sum = `${own.join(' + ')}${carry > 0 ? ` + ${carry}` : ''} = ${total}`;
      carry = Math.floor(total / 10);
      return { digit: total % 10, carry, sum };
    });
  };

  const fill = (from: Key, batch: number, first: number, operands?: number): TaskBatch => {
    const out = emptyBatch(batch, seq);
    out.ids.fill(equals);
    for (let row = 0; row < batch; row++) {
      const next = draws(fold(from, first + row));
      const count = operands ?? 2 + next(maxOperands - 1);
      const numbers = Array.from({ length: count }, () => Array.from({ length: digits }, () => next(10)));
      const sum = columns(numbers).map(({ digit }) => digit);
      if (parsed.answer === 'plain') sum.reverse();
      const asked = numbers.flatMap((number, i) => [...number, i < count - 1 ? plus : equals]);
      out.ids.set([...asked, ...sum.slice(0, -1)], row * seq);
      const at = row * seq + asked.length - 1;
      out.targets.set(sum, at);
      out.weights.fill(1, at, at + width);
    }
    return out;
  };

  /** For each column, last digit first, the digit and the carry; the last column carries nothing. */
  const chain = (ids: ArrayLike<number>): ChainStep[] => {
    const all = Array.from(ids);
    const position = all.indexOf(equals);
    if (position < 0) return [];
    const numbers: number[][] = [[]];
    for (const id of all.slice(0, position)) {
      if (id === plus) numbers.push([]);
      else numbers.at(-1)?.push(id);
    }
    return columns(numbers)
      .flatMap(({ digit, carry, sum }) => [
        { problem: 0, position, token: digit, text: `${sum}: write ${digit}` },
        { problem: 0, position, token: carry0 + carry, text: `carry ${carry}` },
      ])
      .slice(0, -1);
  };

  const word = (id: number): string => {
    if (id >= 0 && id < 10) return String(id);
    return id >= carry0 && id < vocab ? `c${id - carry0}` : (['+', '='][id - plus] ?? `?${id}`);
  };

  return {
    name: 'addition',
    vocab,
    seq,
    chance: 1 / 10,
    metric: 'accuracy',
    config: { name: 'addition', ...parsed, validationOperands, longestOperands },
    train: (seed, step, batch) => fill(fold(fold(key(seed), 'addition/train'), step), batch, 0),
    validation: (index, batch) =>
      fill(fold(key(parsed.validationSeed), 'addition/validation'), batch, index * batch, validationOperands),
    decode: (ids) => Array.from(ids, word).join(''),
    answerLength: width,
    chainSteps: 2 * width - 1,
    chain,
  };
}
