// Checks chained additions with an evaluator that reads the printed lines, and that lines, lengths and names are as promised.
import { describe, expect, it } from 'vitest';
import { modularChain } from './modularChain.ts';
import type { Task, TaskBatch } from './task.ts';

function read(task: Task, { ids, targets, weights, seq }: TaskBatch, r: number) {
  const end = weights.subarray(r * seq, (r + 1) * seq).indexOf(1);
  const row = ids.subarray(r * seq, r * seq + end + 1);
  const lines = task.decode(row).split(' | ');
  const [asked = ''] = lines.pop()?.split(' ') ?? [];
  return {
    lines,
    asked,
    answer: targets[r * seq + end],
    row,
    rest: task.decode(ids.subarray(r * seq + end + 1, (r + 1) * seq)),
  };
}

/** Substitutes known variables until nothing changes. */
function solve(lines: readonly string[], modulus: number): Map<string, number> {
  const known = new Map<string, number>();
  for (let round = 0; round < lines.length; round++) {
    for (const line of lines) {
      const [name = '', expression = ''] = line.split(' = ');
      const terms = expression.split(' + ').map((term) => (/^\d+$/.test(term) ? Number(term) : known.get(term)));
      if (terms.every((term) => term !== undefined)) known.set(name, terms.reduce((a, b) => a + b, 0) % modulus);
    }
  }
  return known;
}

describe.each(['shuffled', 'forward'] as const)('%s lines', (order) => {
  it.each([{ chains: 1 }, { chains: 3 }])('have the answer of the chain asked for: %j', ({ chains }) => {
    const task = modularChain({ modulus: 11, maxLength: 4, chains, order });
    const sizes = new Set<number>();
    const batch = task.train(0, 0, 64);
    for (let r = 0; r < 64; r++) {
      const { lines, asked, answer, row, rest } = read(task, batch, r);
      const size = lines.length / chains - 1;
      sizes.add(size);
      const known = solve(lines, 11);
      expect(known.size).toBe(lines.length);
      expect(answer).toBe(known.get(asked));
      expect(rest).toMatch(/^(\? ?)*$/);
      const chain = task.chain?.(row) ?? [];
      expect(chain).toHaveLength(size);
      expect(chain.at(-1)?.token).toBe(answer);
      expect(lines.some((line) => line.includes(`= ${asked} `))).toBe(false); // the last of its chain
      // each step stands where its line and those before it have been read, no later
      for (const { position, text } of chain) {
        const prefix = task.decode(row.slice(0, position + 1)).split(' | ');
        expect([...solve(prefix, 11).values()]).toContain(Number(text.split(' = ')[1]));
      }
    }
    expect([...sizes].sort()).toEqual([1, 2, 3, 4]);
  });
});

it('define before use when forward, and not always when shuffled', () => {
  const isForward = (order: 'shuffled' | 'forward') => {
    const task = modularChain({ maxLength: 4, order });
    const batch = task.validation(0, 32);
    return Array.from({ length: 32 }, (_, r) => {
      const { lines } = read(task, batch, r);
      return lines.every((line, i) => {
        const used = / = ([A-Z]\w*)/.exec(line)?.[1];
        return used === undefined || lines.slice(0, i).some((before) => before.startsWith(`${used} = `));
      });
    });
  };
  expect(isForward('forward')).not.toContain(false);
  expect(isForward('shuffled').filter(Boolean).length).toBeLessThan(3);
});

it('validates on longer chains in the rows and symbols of training', () => {
  const [trained, tested] = [
    modularChain({ maxLength: 2, longestLength: 5 }),
    modularChain({ maxLength: 2, validationLength: 5 }),
  ];
  expect([tested.vocab, tested.seq]).toEqual([trained.vocab, trained.seq]);
  expect(tested.train(0, 0, 4)).toEqual(trained.train(0, 0, 4));
  expect(read(tested, tested.validation(0, 1), 0).lines).toHaveLength(12);
});

it('has uniform answers', () => {
  const { targets, weights } = modularChain({ modulus: 7 }).train(3, 0, 2000);
  const counts = new Float64Array(7);
  targets.forEach((target, at) => {
    if (weights[at]) counts[target] = (counts[target] ?? 0) + 1;
  });
  const expected = 2000 / 7;
  // 6 degrees of freedom, 99.9% quantile 22.5
  expect(counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)).toBeLessThan(22.5);
});

it('works a chain out by hand', () => {
  const task = modularChain({ modulus: 10, maxLength: 2, chains: 1 });
  const [ban, dan, fan, is, plus, bar, ask] = [10, 11, 12, 13, 14, 15, 16];
  const ids = [ban, is, dan, plus, 9, bar, fan, is, 4, bar, dan, is, fan, plus, 5, bar, ban, ask];
  expect(task.decode(ids)).toBe('Ban = Dan + 9 | Fan = 4 | Dan = Fan + 5 | Ban ?');
  expect(task.chain?.(ids)).toEqual([
    { problem: 0, position: 14, token: 9, text: '4 + 5 = 9' },
    { problem: 0, position: 14, token: 8, text: '9 + 9 = 8' },
  ]);
  expect(task.chain?.(ids.slice(0, 6))).toEqual([]);
});

it('refuses rows too short for its chains', () => {
  expect(() => modularChain({ maxLength: 4, longestLength: 3 })).toThrow('longestLength must be >= maxLength = 4');
});
