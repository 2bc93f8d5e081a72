// Checks that the looked-up order is a permutation, and that it looks random.
import { fold, key } from '@looplab/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shuffledIndex } from './shuffledIndex.ts';

it('is a permutation for every size and key', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 700 }), fc.nat(), (n, seed) => {
      const at = shuffledIndex(key(seed), n);
      const image = Array.from({ length: n }, (_, place) => at(place)).sort((a, b) => a - b);
      expect(image).toEqual(Array.from({ length: n }, (_, i) => i));
    }),
    { numRuns: 60 },
  );
});

it('puts every number in every place equally often', () => {
  // 7 x 7 counts over 3000 keys, rows and columns sum to 3000: chi-square with 36 degrees of freedom, 99.9% quantile 68.0
  const counts = new Float64Array(49);
  for (let seed = 0; seed < 3000; seed++) {
    const at = shuffledIndex(fold(key(1), seed), 7);
    for (let place = 0; place < 7; place++) {
      const cell = 7 * place + at(place);
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
  }
  const expected = 3000 / 7;
  expect(counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)).toBeLessThan(68);
});

it('reaches far and refuses what it cannot shuffle', () => {
  const at = shuffledIndex(key(0), 2 ** 45 + 11);
  const seen = new Set(Array.from({ length: 500 }, (_, place) => at(place)));
  expect(seen.size).toBe(500);
  expect(Math.max(...seen)).toBeGreaterThan(2 ** 44);
  expect(() => shuffledIndex(key(0), 0)).toThrow('n must be a whole number from 1 to 2^52 (got 0)');
});
