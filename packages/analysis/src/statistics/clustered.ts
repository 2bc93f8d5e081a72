// Means and shares over tokens whose rows, not tokens, are independent.
import type { Key } from '@looplab/core';
import { AnalysisError } from '../analysisError.ts';
import { bootstrap } from './bootstrap.ts';
import { type Estimate, proportion } from './interval.ts';

/** `sum(w x) / sum(w)` over the tokens that `keep` keeps; NaN where there are none. */
export function weightedMean(
  values: ArrayLike<number>,
  weight: ArrayLike<number>,
  keep: (token: number) => boolean = () => true,
): number {
  let [top, bottom] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (!keep(i)) continue;
    top += (values[i] ?? 0) * (weight[i] ?? 0);
    bottom += weight[i] ?? 0;
  }
  return top / bottom;
}

/**
 * `sum(w x) / sum(w)` with a BCa bootstrap interval over rows.
 * @param values one a token
 * @param of the row and the weight of each token
 * @param options.keep which tokens count; default all
 * @returns `n` counts tokens
 * @throws AnalysisError where no token counts
 */
export function clusteredMean(
  values: ArrayLike<number>,
  of: { readonly row: ArrayLike<number>; readonly weight: ArrayLike<number> },
  options: { readonly key: Key; readonly keep?: (token: number) => boolean; readonly resamples?: number },
): Estimate {
  const { key, keep, resamples = 1000 } = options;
  const rows = new Map<number, { top: number; bottom: number }>();
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    if (keep && !keep(i)) continue;
    n++;
    const row = of.row[i] ?? 0;
    const sums = rows.get(row) ?? { top: 0, bottom: 0 };
    sums.top += (values[i] ?? 0) * (of.weight[i] ?? 0);
    sums.bottom += of.weight[i] ?? 0;
    rows.set(row, sums);
  }
  if (n === 0) throw new AnalysisError('a mean over no tokens; raise rows');
  const ratio = (sample: readonly { top: number; bottom: number }[]): number => {
    let [top, bottom] = [0, 0];
    for (const s of sample) {
      top += s.top;
      bottom += s.bottom;
    }
    return top / bottom;
  };
  return { ...bootstrap([...rows.values()], ratio, { key, resamples }), n };
}

/**
 * Share of instances with Wilson's interval for as many independent ones as those of the rows are worth: `n` over the
 * design effect (Kish, Survey Sampling, 1965), the variance of the share over rows against that over instances. Where
 * all or none hit, rows count as one instance each; where every row has one, this is Wilson's interval.
 * @param hits 1 where it hit, one an instance
 * @param row of each instance
 * @returns `n` counts instances
 */
export function clusteredShare(hits: ArrayLike<number>, row: ArrayLike<number>): Estimate {
  const n = hits.length;
  const rows = new Map<number, { hits: number; n: number }>();
  for (let i = 0; i < n; i++) {
    const sums = rows.get(row[i] ?? 0) ?? { hits: 0, n: 0 };
    sums.hits += hits[i] ?? 0;
    sums.n++;
    rows.set(row[i] ?? 0, sums);
  }
  const k = rows.size;
  const total = [...rows.values()].reduce((sum, r) => sum + r.hits, 0);
  if (k === n) return proportion(total, n);
  const p = total / n;
  const spread = [...rows.values()].reduce((sum, r) => sum + (r.hits - p * r.n) ** 2, 0);
  const effect = total === 0 || total === n || k < 2 ? n / k : (k * spread) / ((k - 1) * n * p * (1 - p));
  const independent = n / Math.max(1, effect);
  return { ...proportion(p * independent, independent), n };
}
