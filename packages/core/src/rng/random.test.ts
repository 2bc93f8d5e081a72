// Known answers, independence of order and rough moments of the random numbers.
import { describe, expect, it } from 'vitest';
import { fold, key, normal, permutation, randint, split, uniform } from './random.ts';
import { threefry2x32 } from './threefry.ts';

describe('threefry2x32', () => {
  // Random123 1.14, tests/kat_vectors, "threefry2x32 20"
  it.each([
    [0, 0, 0, 0, 0x6b200159, 0x99ba4efe],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
    [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3, 0xc4923a9c, 0x483df7a0],
  ])('key %i %i counter %i %i', (k0, k1, c0, c1, x0, x1) => {
    const out = new Uint32Array(2);
    threefry2x32(k0, k1, c0, c1, out, 0);
    expect([...out]).toEqual([x0, x1]);
  });
});

describe('keys', () => {
  it('gives one key to one name and another to another', () => {
    const k = key(7);
    expect(fold(k, 'model.norm.weight')).toEqual(fold(k, 'model.norm.weight'));
    const keys = [
      fold(k, 0),
      fold(k, 1),
      fold(k, 2 ** 32),
      fold(k, ''),
      fold(k, '0'),
      fold(k, 'a'),
      fold(k, 'a\0'),
      ...split(k, 4),
    ];
    expect(new Set(keys.map(String)).size).toBe(keys.length);
  });

  it('refuses seeds that are no whole number', () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => key(seed)).toThrow(/non-negative integer seed/);
  });
});

describe('draws', () => {
  it('draws the same numbers again, and a longer draw begins with the shorter one', () => {
    const k = key(3);
    expect(uniform(k, 5)).toEqual(uniform(k, 9).slice(0, 5));
    expect(normal(k, 5)).toEqual(normal(k, 9).slice(0, 5));
    expect(randint(k, 5, 10)).toEqual(randint(k, 9, 10).slice(0, 5));
  });

  it('has the moments of its laws', () => {
    const n = 40_000; // 5 standard errors: uniform mean 0.0072, normal mean 0.025, variance 0.035
    const u = uniform(key(11), n);
    const z = normal(key(12), n);
    const mean = (x: ArrayLike<number>): number => Array.from(x).reduce((a, b) => a + b, 0) / x.length;
    expect(Math.abs(mean(u) - 0.5)).toBeLessThan(0.0072);
    expect(Math.min(...u)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...u)).toBeLessThan(1);
    expect(Math.abs(mean(z))).toBeLessThan(0.025);
    expect(Math.abs(mean(z.map((x) => x * x)) - 1)).toBeLessThan(0.035);
    const counts = new Array<number>(7).fill(0);
    for (const i of randint(key(13), 70_000, 7)) counts[i] = (counts[i] ?? 0) + 1;
    for (const c of counts) expect(Math.abs(c - 10_000)).toBeLessThan(463); // 5 * sqrt(70000 * 6/49)
  });

  it('permutes', () => {
    const p = permutation(key(5), 50);
    expect([...p].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect([...p]).not.toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(permutation(key(5), 0).length).toBe(0);
  });
});
