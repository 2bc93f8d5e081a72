// Rank correlations against scipy 1.17, and permutation nulls counted by hand.
import { key, permutation } from '@looplab/core';
import { describe, expect, it } from 'vitest';
import { kendall, permutationNull, spearman } from './rankCorrelation.ts';

describe('rank correlations', () => {
  it('are those of scipy, ties included', () => {
    const x = [1, 2, 2, 4, 5, 7];
    const y = [2, 1, 3, 3, 6, 5];
    expect(spearman(x, y)).toBeCloseTo(0.8088235294117647, 12);
    expect(kendall(x, y)).toBeCloseTo(0.6428571428571429, 12);
    expect(kendall([1, 2, 3], [1, 1, 1])).toBeNaN();
  });
});

describe('permutationNull', () => {
  it('is exact for few items', () => {
    const { orders, mean, p } = permutationNull(4, (o) => kendall([0, 1, 2, 3], o), { key: key(0) });
    expect(orders).toBe(24);
    expect(mean).toBeCloseTo(0, 12);
    expect(p).toBeCloseTo(1 / 24, 12); // only the given order is perfect
  });

  it('draws orders of many items and finds shuffled ones unremarkable', () => {
    const shuffled = [...permutation(key(3), 20)];
    const at = (items: readonly number[]) => (o: readonly number[]) =>
      spearman(
        o.map((_, i) => i),
        o.map((i) => items[i] ?? 0),
      );
    const aligned = permutationNull(20, at(shuffled.map((_, i) => i)), { key: key(1) });
    expect(aligned.p).toBeCloseTo(1 / 2001, 12);
    expect(permutationNull(20, at(shuffled), { key: key(1) }).p).toBeGreaterThan(0.01);
    expect(() => permutationNull(1, () => 1, { key: key(0) })).toThrow('at least two items (got 1)');
  });
});
