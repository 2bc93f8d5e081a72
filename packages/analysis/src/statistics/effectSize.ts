// How large a difference is, apart from how sure: Cohen's d and Cliff's delta.
import { assertValues, mean, variance } from './moments.ts';

/**
 * Cohen's d: the difference of means in standard deviations, pooled over the two groups; with `paired`, in standard
 * deviations of the differences (d_z). Infinite where nothing varies but the means differ, 0 where nothing differs at
 * all.
 */
export function cohensD(
  a: readonly number[],
  b: readonly number[],
  options: { readonly paired?: boolean } = {},
): number {
  assertValues("Cohen's d, first side", a, 2);
  assertValues("Cohen's d, second side", b, 2);
  const difference = mean(a) - mean(b);
  if (difference === 0) return 0;
  if (options.paired === true) return difference / Math.sqrt(variance(a.map((x, i) => x - (b[i] ?? Number.NaN))));
  const pooled = ((a.length - 1) * variance(a) + (b.length - 1) * variance(b)) / (a.length + b.length - 2);
  return difference / Math.sqrt(pooled);
}

/** Cliff's delta: P(a > b) - P(a < b) over all pairs, from -1 to 1 (Psychol. Bull. 114, 1993). */
export function cliffsDelta(a: readonly number[], b: readonly number[]): number {
  assertValues("Cliff's delta, first side", a, 1);
  assertValues("Cliff's delta, second side", b, 1);
  let net = 0;
  for (const x of a) for (const y of b) net += Math.sign(x - y);
  return net / (a.length * b.length);
}
