// Densities on [0, 1] from a few observations: the estimator under the tree-structured Parzen search.

import { normalCdf, normalQuantile } from '@looplab/analysis';
import { type Key, split, uniform } from '@looplab/core';

/** A mixture of normal distributions with equal weights, each cut off at 0 and 1. */
export interface Parzen {
  readonly means: readonly number[];
  readonly widths: readonly number[];
}

/**
 * The estimator of Bergstra et al. 2011 (Algorithms for Hyper-Parameter Optimization, section 4): a component at each observation, as
 * wide as the larger distance to its neighbours, and the prior, one component over the whole interval.
 * @param points in [0, 1]
 */
export function parzen(points: readonly number[]): Parzen {
  const PRIOR = { mean: 0.5, width: 1 };
  const means = [...points, PRIOR.mean].sort((a, b) => a - b);
  const narrowest = 1 / Math.min(100, means.length + 1);
  const prior = means.indexOf(PRIOR.mean);
  const widths = means.map((mean, i) => {
    if (i === prior) return PRIOR.width;
    const [left, right] = [means[i - 1] ?? 0, means[i + 1] ?? 1];
    return Math.min(1, Math.max(narrowest, mean - left, right - mean));
  });
  return { means, widths };
}

/** Density at `x` in [0, 1]. */
export function density({ means, widths }: Parzen, x: number): number {
  const sum = means.reduce((total, mean, i) => {
    const width = widths[i] ?? 1;
    const z = (x - mean) / width;
    const mass = normalCdf((1 - mean) / width) - normalCdf(-mean / width);
    return total + Math.exp((-z * z) / 2) / (Math.sqrt(2 * Math.PI) * width * mass);
  }, 0);
  return sum / means.length;
}

/** `n` draws. */
export function sampleParzen({ means, widths }: Parzen, k: Key, n: number): number[] {
  return split(k, n).map((each) => {
    const [pick = 0, u = 0] = uniform(each, 2);
    const i = Math.floor(pick * means.length);
    const [mean, width] = [means[i] ?? 0.5, widths[i] ?? 1];
    const [from, to] = [normalCdf(-mean / width), normalCdf((1 - mean) / width)];
    const x = mean + width * normalQuantile(from + u * (to - from));
    return Math.min(1, Math.max(0, x));
  });
}
