// Paired tests: Student's t and the exact sign-flip permutation test, with Holm's correction for many of them.
import { type Key, uniform } from '@looplab/core';
import { AnalysisError } from '../analysisError.ts';
import { tCdf } from './distributions.ts';
import { assertValues, mean, variance } from './moments.ts';

export interface TestResult {
  /** Pairs. */
  readonly n: number;
  /** The mean of the differences `a - b`. */
  readonly difference: number;
  /** Two-sided. */
  readonly p: number;
}

/**
 * Student's paired t test of `mean(a - b) = 0`, two-sided.
 * @param a one value a seed
 * @param b values of the same seeds in the same order
 * @throws AnalysisError unless there are at least two pairs of finite values
 */
export function pairedT(a: readonly number[], b: readonly number[]): TestResult & { t: number; df: number } {
  const d = differences(a, b);
  const n = d.length;
  const difference = mean(d);
  const error = Math.sqrt(variance(d) / n);
  const t = error === 0 && difference === 0 ? 0 : difference / error; // equal pairs show nothing
  return { n, difference, t, df: n - 1, p: Math.min(1, 2 * tCdf(-Math.abs(t), n - 1)) };
}

/** Up to so many pairs every sign pattern is tried, 2^16 in all. */
const EXACT = 16;

/**
 * Sign-flip permutation test of "the differences are symmetric around 0", two-sided: the share of sign patterns whose
 * mean is at least as far from 0. Exact up to 16 pairs, else from `draws` random patterns, counting the observed one.
 * With n pairs p cannot be below `2 / 2^n`: three seeds give 0.25 at best.
 * @param options.key needed above 16 pairs
 */
export function signFlip(
  a: readonly number[],
  b: readonly number[],
  options: { readonly key?: Key; readonly draws?: number } = {},
): TestResult {
  const d = differences(a, b);
  const n = d.length;
  const difference = mean(d);
  const observed = Math.abs(difference * n) * (1 - 1e-12); // sums of equal parts may round apart
  const far = (flipped: (i: number) => boolean): boolean =>
    Math.abs(d.reduce((s, x, i) => s + (flipped(i) ? -x : x), 0)) >= observed;
  let hits = 0;
  if (n <= EXACT) {
    for (let pattern = 0; pattern < 2 ** n; pattern++) if (far((i) => ((pattern >> i) & 1) === 1)) hits++;
    return { n, difference, p: hits / 2 ** n };
  }
  const { key, draws = 10_000 } = options;
  if (!key)
    throw new AnalysisError(`signFlip: ${n} pairs need random sign patterns; pass key: key(seed), or at most 16 pairs`);
  const u = uniform(key, n * draws);
  for (let k = 0; k < draws; k++) if (far((i) => (u[k * n + i] as number) < 0.5)) hits++; // n * draws numbers
  return { n, difference, p: (hits + 1) / (draws + 1) };
}

/**
 * Holm's step-down adjustment: the family-wise error rate stays below alpha if those with an adjusted p below alpha are
 * rejected (Scand. J. Statist. 6, 1979). NaN where a p is NaN, which does not count as a test.
 */
export function holm(p: readonly number[]): number[] {
  const bad = p.find((x) => x < 0 || x > 1);
  if (bad !== undefined) throw new AnalysisError(`holm: p-values lie between 0 and 1 (got ${bad})`);
  const order = p.map((_, i) => i).filter((i) => !Number.isNaN(p[i]));
  order.sort((i, j) => (p[i] as number) - (p[j] as number)); // indices of p
  const out = p.map(() => Number.NaN);
  let worst = 0;
  for (const [rank, i] of order.entries()) {
    worst = Math.max(worst, Math.min(1, (order.length - rank) * (p[i] as number)));
    out[i] = worst;
  }
  return out;
}

function differences(a: readonly number[], b: readonly number[]): number[] {
  if (a.length !== b.length)
    throw new AnalysisError(
      `a paired test needs the same seeds on both sides (got ${a.length} and ${b.length} values); leave out seeds that one side lacks`,
    );
  assertValues('paired test, first side', a, 2);
  assertValues('paired test, second side', b, 2);
  return a.map((x, i) => x - (b[i] as number)); // equal lengths
}
