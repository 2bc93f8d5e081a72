// The depth laws against their moments and published percentiles.
import { describe, expect, it } from 'vitest';
import { fold, key } from '../../rng/random.ts';
import { ofFewLengths, poisson, poissonLogNormal } from './depthLaw.ts';

const draws = (n: number, f: (i: number) => number) => Array.from({ length: n }, (_, i) => f(i)).sort((a, b) => a - b);
const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
const sd = (xs: readonly number[]) => Math.sqrt(mean(xs.map((x) => x * x)) - mean(xs) ** 2);
const percentile = (sorted: readonly number[], p: number) => sorted[Math.floor((p / 100) * sorted.length)];

describe('poisson', () => {
  it.each([0.3, 4, 32, 1234])('has mean and variance %d', (rate) => {
    const xs = draws(20_000, (i) => poisson(fold(key(1), i), rate));
    const error = Math.sqrt(rate / xs.length);
    expect(Math.abs(mean(xs) - rate)).toBeLessThan(4 * error);
    expect(sd(xs) ** 2 / rate).toBeCloseTo(1, 1);
  });

  it('has the probabilities of the law', () => {
    const xs = draws(40_000, (i) => poisson(fold(key(2), i), 1.5));
    [Math.exp(-1.5), 1.5 * Math.exp(-1.5), 1.125 * Math.exp(-1.5)].forEach((p, n) => {
      const share = xs.filter((x) => x === n).length / xs.length;
      expect(Math.abs(share - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / xs.length));
    });
  });

  it('is a function of its key', () => {
    expect(poisson(key(3), 8)).toBe(poisson(key(3), 8));
    expect(new Set(draws(50, (i) => poisson(key(i), 8))).size).toBeGreaterThan(5);
  });
});

// A million draws of the published sampler at mean 32, sigma 1/2: mean 33.0, sd 18.0, percentiles 8, 29, 67, 94.
it('poissonLogNormal spreads as Huginn was trained', () => {
  const xs = draws(60_000, (i) => poissonLogNormal(fold(key(4), i), 32, 0.5));
  expect(Math.abs(mean(xs) - 33)).toBeLessThan(0.3); // 4 standard errors
  expect(sd(xs)).toBeCloseTo(Math.sqrt(32 + 32 ** 2 * (Math.exp(0.25) - 1)), 0); // 18.0
  expect(percentile(xs, 1)).toBe(8);
  expect(percentile(xs, 50)).toBe(29);
  expect(Math.abs((percentile(xs, 95) ?? 0) - 67)).toBeLessThanOrEqual(1);
  expect(Math.abs((percentile(xs, 99) ?? 0) - 94)).toBeLessThanOrEqual(2);
  const withGradient = xs.map((x) => Math.min(8, x));
  expect(mean(withGradient)).toBeCloseTo(7.98, 2);
  expect(mean(xs.map((x, i) => x - (withGradient[i] ?? 0)))).toBeCloseTo(25, 0);
});

it.each([1, 7, 8, 9, 30, 100])('ofFewLengths leaves at most eight of 1..%i, none smaller than it was', (most) => {
  const all = Array.from({ length: most }, (_, i) => i + 1);
  const left = all.map((n) => ofFewLengths(n, most));
  expect(new Set(left).size).toBeLessThanOrEqual(8);
  left.forEach((n, i) => {
    expect(n).toBeGreaterThanOrEqual(i + 1);
    expect(n).toBeLessThanOrEqual(most);
    expect(n - i - 1).toBeLessThan(Math.ceil(most / 8));
  });
  if (most <= 8) expect(left).toEqual(all);
});
