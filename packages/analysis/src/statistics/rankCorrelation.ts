// Whether two orders agree: Spearman's rho and Kendall's tau-b, with a permutation null.
import { fold, type Key, permutation } from '@looplab/core';
import { AnalysisError } from '../analysisError.ts';
import { correlation, mean, quantileOfSorted, ranks } from './moments.ts';

/** Spearman's rho: Pearson's correlation of the ranks, ties at their mean rank; NaN where one side does not vary. */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  return correlation(ranks(x), ranks(y));
}

/** Kendall's tau-b, which allows for ties; NaN where one side does not vary. */
export function kendall(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let [net, pairsX, pairsY] = [0, 0, 0];
  for (let i = 0; i < x.length; i++)
    for (let j = 0; j < i; j++) {
      const [a, b] = [Math.sign((x[i] ?? 0) - (x[j] ?? 0)), Math.sign((y[i] ?? 0) - (y[j] ?? 0))];
      net += a * b;
      pairsX += Math.abs(a);
      pairsY += Math.abs(b);
    }
  return pairsX === 0 || pairsY === 0 ? Number.NaN : net / Math.sqrt(pairsX * pairsY);
}

export interface PermutationNull {
  /** Orders tried; all of them where there are few. */
  readonly orders: number;
  readonly mean: number;
  /** 2.5% and 97.5% quantiles of the statistic under the null. */
  readonly lo: number;
  readonly hi: number;
  /** Share of orders with a statistic at least as large as that of the given order, which is among them. */
  readonly p: number;
}

/**
 * The law of `statistic` when the `n` items come in random order: exact for up to 7 items, else from `draws` random
 * orders.
 * @param statistic of an order, given as the indices 0..n-1 of the items; larger means more alike
 */
export function permutationNull(
  n: number,
  statistic: (order: readonly number[]) => number,
  options: { readonly key: Key; readonly draws?: number },
): PermutationNull {
  if (n < 2) throw new AnalysisError(`a permutation test needs at least two items (got ${n}); use longer chains`);
  const given = Array.from({ length: n }, (_, i) => i);
  const { key, draws = 2000 } = options;
  const orders =
    n <= 7 ? allOrders(given) : [given, ...Array.from({ length: draws }, (_, k) => [...permutation(fold(key, k), n)])];
  const values = orders.map(statistic);
  const bound = statistic(given);
  const slack = 1e-12 * Math.max(1, Math.abs(bound)); // equal sums may round apart
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return {
    orders: orders.length,
    mean: mean(sorted),
    lo: quantileOfSorted(sorted, 0.025),
    hi: quantileOfSorted(sorted, 0.975),
    p: Number.isFinite(bound) ? values.filter((v) => v >= bound - slack).length / orders.length : Number.NaN,
  };
}

function allOrders(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((first, i) =>
    allOrders([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [first, ...rest]),
  );
}
