// Checks sums with BigInt on the printed problems, and carries with the column method's own invariant.
import { describe, expect, it } from 'vitest';
import { addition } from './addition.ts';
import type { Task, TaskBatch } from './task.ts';
import { withChain } from './withChain.ts';

function read(task: Task, { ids, targets, weights, seq }: TaskBatch, r: number) {
  const own = weights.subarray(r * seq, (r + 1) * seq);
  const [from, to] = [own.indexOf(1), own.lastIndexOf(1)];
  const problem = task.decode(ids.subarray(r * seq, r * seq + from + 1));
  const answer = task.decode(targets.subarray(r * seq + from, r * seq + to + 1));
  const given = task.decode(ids.subarray(r * seq + from + 1, r * seq + to + 1));
  return { problem, answer, given, rest: task.decode(ids.subarray(r * seq + to + 1, (r + 1) * seq)) };
}
const numbersOf = (problem: string) => problem.slice(0, -1).split('+');
const sumOf = (problem: string) => numbersOf(problem).reduce((sum, n) => sum + BigInt(n), 0n);
const reversed = (text: string) => [...text].reverse().join('');

describe.each(['reversed', 'plain'] as const)('%s answers', (answer) => {
  it.each([
    { maxOperands: 2, digits: 1 },
    { maxOperands: 5, digits: 3 },
    { maxOperands: 12, digits: 12 },
  ])('are the sums: %j', (options) => {
    const task = addition({ ...options, answer });
    const width = String(options.maxOperands * (10 ** options.digits - 1)).length;
    const counts = new Set<number>();
    const batch = task.train(0, 0, 128);
    for (let r = 0; r < 128; r++) {
      const { problem, answer: written, given, rest } = read(task, batch, r);
      expect(problem).toMatch(/^(\d+\+)+\d+=$/);
      counts.add(numbersOf(problem).length);
      for (const number of numbersOf(problem)) expect(number).toHaveLength(options.digits);
      const sum = sumOf(problem).toString().padStart(width, '0');
      expect(written).toBe(answer === 'plain' ? sum : reversed(sum));
      expect(given).toBe(written.slice(0, -1));
      expect(rest).toMatch(/^=*$/);
    }
    expect(counts.size).toBe(options.maxOperands - 1);
    expect(Math.min(...counts)).toBe(2);
  });
});

describe('the chain', () => {
  const task = addition({ maxOperands: 12, digits: 3 });

  it('writes and carries so that digit + 10 carry is the column with the carry before', () => {
    const batch = task.validation(0, 32);
    for (let r = 0; r < 32; r++) {
      const { problem, answer } = read(task, batch, r);
      const steps = task.chain?.(batch.ids.subarray(r * task.seq, (r + 1) * task.seq)) ?? [];
      expect(steps).toHaveLength(task.chainSteps ?? 0);
      const words = steps.map(({ token }) => task.decode([token]));
      expect(words.filter((_, i) => i % 2 === 0).join('')).toBe(answer);
      let carry = 0;
      [...answer].forEach((digit, column) => {
        const own = numbersOf(problem).reduce((sum, n) => sum + Number(reversed(n)[column] ?? 0), carry);
        carry = Number(words[2 * column + 1]?.slice(1) ?? 0);
        expect(Number(digit) + 10 * carry).toBe(own);
      });
      expect(carry).toBe(0);
    }
  });

  it('is written before the whole answer', () => {
    const small = withChain(addition({ maxOperands: 2, digits: 2 }));
    const { ids, targets, weights, steps, seq } = small.validation(0, 8);
    for (let r = 0; r < 8; r++) {
      const text = small.decode(ids.subarray(r * seq, (r + 1) * seq));
      const [, problem = '', chain = '', given = ''] = /^(.*=) <chain> (.*) <answer> (.*)$/.exec(text) ?? [];
      const answer = reversed(sumOf(problem).toString().padStart(3, '0'));
      expect(chain).toMatch(/^\dc\d\dc\d\d$/);
      expect(chain.replace(/c\d/g, '')).toBe(answer);
      expect(given).toBe(answer.slice(0, -1));
      expect(small.decode(targets.subarray((r + 1) * seq - 3, (r + 1) * seq))).toBe(answer);
      expect(Array.from(weights.subarray(r * seq, (r + 1) * seq))).toEqual([
        0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1,
      ]);
      expect(Array.from(steps?.subarray(r * seq, (r + 1) * seq) ?? [])).toEqual([
        0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0, 0,
      ]);
    }
  });
});

it('validates on more numbers in the rows and symbols of training', () => {
  const [trained, tested] = [
    addition({ maxOperands: 3, longestOperands: 6 }),
    addition({ maxOperands: 3, validationOperands: 6 }),
  ];
  expect([tested.vocab, tested.seq]).toEqual([trained.vocab, trained.seq]);
  expect(tested.train(0, 0, 4)).toEqual(trained.train(0, 0, 4));
  expect(numbersOf(read(tested, tested.validation(0, 1), 0).problem)).toHaveLength(6);
  expect(() => addition({ maxOperands: 4, longestOperands: 3 })).toThrow('longestOperands must be >= maxOperands = 4');
});
