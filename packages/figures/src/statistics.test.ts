// Checks estimates against quantiles from scipy and hand-made cases.
import { expect, it } from 'vitest';
import { estimate, intervalInWords, t95 } from './statistics.ts';

it.each([
  // scipy.stats.t.ppf(0.975, df)
  [1, 12.7062],
  [2, 4.3027],
  [9, 2.2622],
  [30, 2.0423],
  [31, 2.0395],
  [60, 2.0003],
  [120, 1.9799],
  [1000, 1.9623],
])('t95(%i) is %f', (degrees, value) => {
  expect(t95(degrees)).toBeCloseTo(value, 3);
});

it('gives the t interval of the mean from three values on', () => {
  // mean 3, standard deviation 1, standard error 1/sqrt(3), t = 4.303
  const { n, mean, lo, hi } = estimate([2, 3, 4]);
  expect([n, mean]).toEqual([3, 3]);
  expect(hi - 3).toBeCloseTo(4.303 / Math.sqrt(3), 6);
  expect(3 - lo).toBeCloseTo(4.303 / Math.sqrt(3), 6);
});

it('gives the range of two, nothing for one, and stays within bounds', () => {
  expect(estimate([0.5, 0.25])).toEqual({ n: 2, mean: 0.375, lo: 0.25, hi: 0.5 });
  expect(estimate([0.5])).toEqual({ n: 1, mean: 0.5, lo: Number.NaN, hi: Number.NaN });
  expect(estimate([])).toEqual({ n: 0, mean: Number.NaN, lo: Number.NaN, hi: Number.NaN });
  expect(estimate([0.9, 0.95, 1], [0, 1]).hi).toBe(1);
});

it('leaves out what is not finite', () => {
  expect(estimate([1, Number.NaN, 3, Number.POSITIVE_INFINITY])).toEqual({ n: 2, mean: 2, lo: 1, hi: 3 });
});

it('says what an interval is', () => {
  expect(intervalInWords([1, 1])).toBe('one seed');
  expect(intervalInWords([2, 2])).toBe('mean and range of 2 seeds');
  expect(intervalInWords([1, 2])).toBe('mean and range of 1 to 2 seeds');
  expect(intervalInWords([3, 3])).toBe('mean and 95% t interval over 3 seeds');
  expect(intervalInWords([2, 5])).toBe('mean and 95% t interval (range, for two) over 2 to 5 seeds');
});
