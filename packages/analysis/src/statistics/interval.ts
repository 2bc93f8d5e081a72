// A number with its interval: Student's t for means over seeds, Wilson's for shares of instances.
import { AnalysisError } from '../analysisError.ts';
import { normalQuantile, tQuantile } from './distributions.ts';
import { assertValues, mean, variance } from './moments.ts';

/** An estimate from `n` values; `lo` and `hi` are NaN where one value says nothing about spread. */
export interface Estimate {
  readonly n: number;
  readonly value: number;
  readonly lo: number;
  readonly hi: number;
}

/**
 * Mean and t interval, exact for normal values.
 * @param level coverage, such as 0.95
 * @throws AnalysisError without values or with one that is not finite
 */
export function tInterval(values: ArrayLike<number>, level = 0.95): Estimate {
  assertValues('t interval', values, 1);
  assertLevel(level);
  const n = values.length;
  const value = mean(values);
  if (n === 1) return { n, value, lo: Number.NaN, hi: Number.NaN };
  const half = tQuantile((1 + level) / 2, n - 1) * Math.sqrt(variance(values) / n);
  return { n, value, lo: value - half, hi: value + half };
}

/**
 * Share of `hits` among `n` independent instances with Wilson's score interval (J. Am. Stat. Assoc. 22, 1927), which
 * stays within [0, 1] and is not empty at 0 or 1. Without instances the share is NaN and the interval everything.
 */
export function proportion(hits: number, n: number, level = 0.95): Estimate {
  if (!(hits >= 0 && hits <= n))
    throw new AnalysisError(`proportion: hits must be 0 to n (got ${hits} of ${n}); count them among the n instances`);
  assertLevel(level);
  if (n === 0) return { n, value: Number.NaN, lo: 0, hi: 1 };
  const z2 = normalQuantile((1 + level) / 2) ** 2;
  const p = hits / n;
  const center = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Math.sqrt(z2) * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  return { n, value: p, lo: hits === 0 ? 0 : center - half, hi: hits === n ? 1 : center + half };
}

export function assertLevel(level: number): void {
  if (!(level > 0 && level < 1))
    throw new AnalysisError(`level must be between 0 and 1 (got ${level}); use for instance 0.95`);
}
