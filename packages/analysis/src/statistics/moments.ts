// Means, variances, quantiles and ranks: what the other statistics are made of.
import { AnalysisError } from '../analysisError.ts';

function sum(x: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < x.length; i++) total += x[i] as number; // i is below the length
  return total;
}

/** NaN for no values. */
export function mean(x: ArrayLike<number>): number {
  return sum(x) / x.length;
}

/** The unbiased sample variance (divided by n - 1); NaN below two values. */
export function variance(x: ArrayLike<number>): number {
  const m = mean(x);
  let total = 0;
  for (let i = 0; i < x.length; i++) total += ((x[i] as number) - m) ** 2; // i is below the length
  return x.length < 2 ? Number.NaN : total / (x.length - 1);
}

/** The `p` quantile of values in rising order, linear between them (type 7 of Hyndman & Fan). */
export function quantileOfSorted(sorted: ArrayLike<number>, p: number): number {
  const at = Math.min(Math.max(p, 0), 1) * (sorted.length - 1);
  const below = Math.floor(at);
  const lo = sorted[below] ?? Number.NaN;
  return below === at ? lo : lo + (at - below) * ((sorted[below + 1] ?? lo) - lo);
}

/** Ranks from 1; ties share their mean rank. */
export function ranks(x: ArrayLike<number>): Float64Array {
  const order = Array.from(x, (_, i) => i).sort((a, b) => (x[a] as number) - (x[b] as number)); // indices of x
  const out = new Float64Array(x.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && x[order[to + 1] as number] === x[order[from] as number]) to++; // both in range
    for (let i = from; i <= to; i++) out[order[i] as number] = (from + to) / 2 + 1; // i is in range
    from = to + 1;
  }
  return out;
}

/** Pearson's correlation; NaN where one side does not vary. */
export function correlation(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const [mx, my] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const dx = (x[i] as number) - mx; // equal lengths
    const dy = (y[i] as number) - my;
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx === 0 || yy === 0 ? Number.NaN : xy / Math.sqrt(xx * yy);
}

/**
 * Throws unless there are at least `least` values and all are finite.
 * @param what the values in words, for the message
 */
export function assertValues(what: string, x: ArrayLike<number>, least: number): void {
  if (x.length < least)
    throw new AnalysisError(`${what}: ${x.length} values, at least ${least} are needed; add seeds or rows`);
  const bad = Array.prototype.findIndex.call(x, (v: number) => !Number.isFinite(v));
  if (bad >= 0)
    throw new AnalysisError(
      `${what}: value ${bad} is ${x[bad]}; every value must be a finite number, leave out runs that diverged`,
    );
}
