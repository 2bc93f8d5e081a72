// Bootstrap intervals of any statistic, reproducible from a key: percentile and BCa.
import { fold, type Key, randint } from '@looplab/core';
import { AnalysisError } from '../analysisError.ts';
import { normalCdf, normalQuantile } from './distributions.ts';
import { assertLevel, type Estimate } from './interval.ts';
import { mean, quantileOfSorted } from './moments.ts';

export interface BootstrapOptions {
  readonly key: Key;
  /** Default 2000. */
  readonly resamples?: number;
  /** Coverage; default 0.95. */
  readonly level?: number;
  /** `bca` corrects for bias and skew (Efron, J. Am. Stat. Assoc. 82, 1987); default. */
  readonly method?: 'bca' | 'percentile';
}

/**
 * Resamples `items` with replacement and computes `statistic` anew each time.
 * @param items the independent units: seeds, or instances of one run
 * @param statistic a function of a sample, such as the mean
 * @returns NaN bounds for a single item
 * @throws AnalysisError without items, or where the statistic of the whole sample is not finite
 */
export function bootstrap<T>(
  items: readonly T[],
  statistic: (sample: readonly T[]) => number,
  options: BootstrapOptions,
): Estimate {
  const { key, resamples = 2000, level = 0.95, method = 'bca' } = options;
  assertLevel(level);
  const n = items.length;
  if (n === 0) throw new AnalysisError('bootstrap: there are no values; add seeds or rows');
  if (!Number.isInteger(resamples) || resamples < 20)
    throw new AnalysisError(`bootstrap: resamples must be a whole number >= 20 (got ${resamples})`);
  const value = statistic(items);
  if (!Number.isFinite(value))
    throw new AnalysisError(`bootstrap: the statistic is ${value}; leave out runs that diverged`);
  if (n === 1) return { n, value, lo: Number.NaN, hi: Number.NaN };
  const draws = Float64Array.from(
    { length: resamples },
    (_, b) => statistic(Array.from(randint(fold(key, b), n, n), (i) => items[i] as T)), // i is below n
  ).sort();
  const usable = draws.filter(Number.isFinite);
  if (usable.length < draws.length / 2)
    throw new AnalysisError(
      `bootstrap: the statistic is not finite on ${draws.length - usable.length} of ${draws.length} resamples; use more rows`,
    );
  const tail = (1 - level) / 2;
  const at = method === 'bca' ? bcaLevels(items, statistic, value, usable, tail) : ([tail, 1 - tail] as const);
  return { n, value, lo: quantileOfSorted(usable, at[0]), hi: quantileOfSorted(usable, at[1]) };
}

/**
 * Which quantiles of the resamples bound the interval (Efron & Tibshirani, An Introduction to the Bootstrap, eq.
 * 14.9-14.15).
 */
function bcaLevels<T>(
  items: readonly T[],
  statistic: (sample: readonly T[]) => number,
  value: number,
  sorted: Float64Array,
  tail: number,
): readonly [number, number] {
  const below = sorted.reduce((k, x) => k + (x < value ? 1 : x === value ? 0.5 : 0), 0); // ties count half
  const z0 = normalQuantile(Math.min(Math.max(below / sorted.length, 0.5 / sorted.length), 1 - 0.5 / sorted.length));
  const jackknife = items.map((_, i) => statistic(items.filter((__, j) => j !== i)));
  const center = mean(jackknife);
  const cubes = jackknife.reduce((s, x) => s + (center - x) ** 3, 0);
  const squares = jackknife.reduce((s, x) => s + (center - x) ** 2, 0);
  const skew = cubes / (6 * squares ** 1.5);
  const a = Number.isFinite(skew) ? skew : 0; // a statistic that no item moves
  const level = (p: number): number => {
    const z = z0 + normalQuantile(p);
    return normalCdf(z0 + z / (1 - a * z));
  };
  return [level(tail), level(1 - tail)];
}
