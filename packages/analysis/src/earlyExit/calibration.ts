// Whether a probability means what it says: reliability diagrams and the expected calibration error.
import type { Key } from '@looplab/core';
import { bootstrap } from '../statistics/bootstrap.ts';
import { clusteredShare } from '../statistics/clustered.ts';
import type { Estimate } from '../statistics/interval.ts';
import { mean } from '../statistics/moments.ts';

/** Predicted probabilities with what happened, one entry a token. */
export interface Predictions {
  /** 0 to 1. */
  readonly predicted: Float64Array;
  /** 1 where the event happened. */
  readonly happened: Float64Array;
  readonly row: Int32Array;
}

export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly n: number;
  /** Mean predicted probability in the bin. */
  readonly predicted: number;
  /** Share in which the event happened, with Wilson's interval over rows (`clusteredShare`). */
  readonly happened: Estimate;
}

const binOf = (p: number, bins: number): number => Math.min(bins - 1, Math.floor(p * bins));

/** Bins of equal width; empty ones are left out. */
export function reliability({ predicted, happened, row }: Predictions, bins = 10): ReliabilityBin[] {
  const tokens = Array.from({ length: bins }, (): number[] => []);
  for (const [i, p] of predicted.entries()) tokens[binOf(p, bins)]?.push(i);
  return tokens.flatMap((own, b) => {
    if (own.length === 0) return [];
    const of = (values: ArrayLike<number>): number[] => own.map((i) => values[i] ?? 0);
    const share = clusteredShare(of(happened), of(row));
    return [{ from: b / bins, to: (b + 1) / bins, n: own.length, predicted: mean(of(predicted)), happened: share }];
  });
}

/**
 * Expected calibration error: the mean distance of predicted and observed share, bins weighted by their size (Naeini et
 * al., AAAI 2015; Guo et al., arXiv 1706.04599), with a percentile bootstrap interval over rows. Few tokens a bin bias
 * it upward, and resamples once more: near 0 the interval can begin above the estimate.
 */
export function calibrationError(of: Predictions, options: { readonly key: Key; readonly bins?: number }): Estimate {
  const { key, bins = 10 } = options;
  // What a row adds: predicted minus happened in each bin, and its tokens at the end.
  const rows = new Map<number, Float64Array>();
  for (const [i, p] of of.predicted.entries()) {
    const row = of.row[i] ?? 0;
    const sums = rows.get(row) ?? new Float64Array(bins + 1);
    const b = binOf(p, bins);
    sums[b] = (sums[b] ?? 0) + p - (of.happened[i] ?? 0); // distances add up before they are made absolute
    sums[bins] = (sums[bins] ?? 0) + 1;
    rows.set(row, sums);
  }
  const error = (sample: readonly Float64Array[]): number => {
    const total = new Float64Array(bins + 1);
    for (const s of sample) for (const [k, v] of s.entries()) total[k] = (total[k] ?? 0) + v;
    return total.subarray(0, bins).reduce((sum, d) => sum + Math.abs(d), 0) / (total[bins] ?? 1);
  };
  const { value, lo, hi } = bootstrap([...rows.values()], error, { key, resamples: 500, method: 'percentile' });
  return { n: of.predicted.length, value, lo, hi };
}
