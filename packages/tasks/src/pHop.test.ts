// Checks p-hop answers against the definition by maximum, and that letters and answers are spread as promised.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pHop } from './pHop.ts';

/** hop_p at position i, from the definition: find_1(i) = max { j <= i : x[j-1] = x[i] }, find_p(i) = find_1(find_{p-1}(i)). */
function hop(x: readonly number[], i: number, p: number): number | undefined {
  let at = i;
  for (let k = 0; k < p; k++) {
    const found = Math.max(0, ...x.map((_, j) => (j >= 1 && j <= at && x[j - 1] === x[at] ? j : 0)));
    if (found === 0) return undefined;
    at = found;
  }
  return x[at];
}

const row = (x: ArrayLike<number>, r: number, seq: number) => Array.from(x).slice(r * seq, (r + 1) * seq);

describe('answers', () => {
  it('are those of the definition, at every position that has one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 3, max: 6 }),
        fc.nat(1000),
        (hops, alphabet, seed) => {
          const seq = hops * (alphabet - 1) + 12;
          for (const score of ['last', 'all'] as const) {
            const task = pHop({ hops, alphabet, seq, score });
            const { ids, targets, weights } = task.train(seed, 0, 2);
            for (let r = 0; r < 2; r++) {
              const x = row(ids, r, seq);
              const truth = x.map((_, i) => (score === 'all' || i === seq - 1 ? hop(x, i, hops) : undefined));
              expect(row(weights, r, seq)).toEqual(truth.map((answer) => (answer === undefined ? 0 : 1)));
              expect(row(targets, r, seq)).toEqual(truth.map((answer) => answer ?? 0));
              const chain = task.chain?.(x) ?? [];
              for (const step of chain) {
                const nth = chain.filter((s) => s.problem === step.problem).indexOf(step) + 1;
                expect([step.position, step.token]).toEqual([step.problem, hop(x, step.problem, nth)]);
              }
              expect(chain).toHaveLength(hops * truth.filter((answer) => answer !== undefined).length);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('follow a row by hand', () => {
    const task = pHop({ hops: 2, alphabet: 4, seq: 8 });
    // positions 0..7; from the last 1: after the 1 at 5 came 0 (6); after the 0 at 2 came 3 (3)
    expect(task.chain?.([1, 2, 0, 3, 2, 1, 0, 1]).map(({ text, token }) => [text, token])).toEqual([
      ['after the 1 before came 0', 0],
      ['after the 0 before came 3', 3],
    ]);
    expect(task.chain?.([0, 1, 2, 3, 0, 1, 2, 3])).toHaveLength(2);
    expect(task.chain?.([0, 1, 0, 1, 0, 1, 0, 2])).toEqual([]); // 2 never came before
  });
});

it('never repeats a letter, and draws the others evenly', () => {
  const task = pHop({ hops: 2, alphabet: 4, seq: 64 });
  const pairs = new Float64Array(16);
  const answers = new Float64Array(4);
  for (let step = 0; step < 20; step++) {
    const { ids, targets } = task.train(5, step, 32);
    for (let r = 0; r < 32; r++) {
      const x = row(ids, r, 64);
      x.slice(1).forEach((letter, i) => {
        const cell = 4 * (x[i] ?? 0) + letter;
        pairs[cell] = (pairs[cell] ?? 0) + 1;
      });
      const answer = targets[r * 64 + 63] ?? 0;
      answers[answer] = (answers[answer] ?? 0) + 1;
    }
  }
  for (let a = 0; a < 4; a++) expect(pairs[5 * a]).toBe(0);
  const chiSquare = (counts: number[]) => {
    const expected = counts.reduce((a, b) => a + b) / counts.length;
    return counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  };
  // 12 pairs and 4 answers: at most 11 and 3 degrees of freedom, 99.9% quantiles 31.3 and 16.3
  expect(chiSquare([...pairs].filter((_, cell) => cell % 5 !== 0))).toBeLessThan(31.3);
  expect(chiSquare([...answers])).toBeLessThan(16.3);
});

it('asks the last position, or all that have an answer', () => {
  expect(pHop()).toMatchObject({ vocab: 4, seq: 256, chance: 1 / 4, chainSteps: 16 });
  expect(pHop({ hops: 1, alphabet: 5 }).chance).toBe(1 / 4);
  expect(
    pHop({ hops: 3, seq: 32 })
      .train(0, 0, 8)
      .weights.reduce((a, b) => a + b),
  ).toBe(8);
  expect(
    pHop({ hops: 3, seq: 32, score: 'all' })
      .train(0, 0, 8)
      .weights.reduce((a, b) => a + b),
  ).toBeGreaterThan(80);
});

it.each([
  [{ alphabet: 2 }, 'alphabet must be >= 3 (got 2)'],
  [{ hops: 10, seq: 30 }, '10 look-ups go back about 30 letters, but a row has 30; set seq above that'],
])('refuses %j', (options, message) => {
  expect(() => pHop(options)).toThrow(message);
});
