// Principal components of states, in float64.
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { AnalysisError } from '../analysisError.ts';
import type { Features } from './features.ts';

export interface Components {
  readonly mean: Float64Array;
  /** Directions of unit length, one a component, by falling variance. */
  readonly directions: readonly Float64Array[];
  /** Variance along each direction (divided by n). */
  readonly variance: readonly number[];
  /** Variance in all directions. */
  readonly total: number;
}

/**
 * The first `count` principal components. The sign of a direction is chosen so that its largest coordinate is positive.
 * @throws AnalysisError with fewer than two rows
 */
export function principalComponents(x: Features, count: number): Components {
  const { n, d, data } = x;
  if (n < 2) throw new AnalysisError(`principal components need at least two rows (got ${n}); raise rows`);
  const mean = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) mean[j] = (mean[j] ?? 0) + (data[i * d + j] ?? 0) / n;
  const covariance = new Float64Array(d * d);
  for (let i = 0; i < n; i++)
    for (let a = 0; a < d; a++) {
      const da = ((data[i * d + a] ?? 0) - (mean[a] ?? 0)) / n;
      for (let b = a; b < d; b++)
        covariance[a * d + b] = (covariance[a * d + b] ?? 0) + da * ((data[i * d + b] ?? 0) - (mean[b] ?? 0));
    }
  for (let a = 0; a < d; a++) for (let b = 0; b < a; b++) covariance[a * d + b] = covariance[b * d + a] ?? 0;
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(Matrix.from1DArray(d, d, covariance), {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, j) => j).sort((a, b) => (realEigenvalues[b] ?? 0) - (realEigenvalues[a] ?? 0));
  const kept = order.slice(0, Math.min(count, d));
  return {
    mean,
    directions: kept.map((j) => {
      const v = Float64Array.from(eigenvectorMatrix.getColumn(j));
      const largest = v.reduce((top, c) => (Math.abs(c) > Math.abs(top) ? c : top), 0);
      return largest < 0 ? v.map((c) => -c) : v;
    }),
    variance: kept.map((j) => Math.max(0, realEigenvalues[j] ?? 0)),
    total: realEigenvalues.reduce((sum, v) => sum + Math.max(0, v), 0),
  };
}

/** Coordinates of one row along each direction. */
export function project({ mean, directions }: Components, row: ArrayLike<number>): number[] {
  return directions.map((v) => v.reduce((sum, c, j) => sum + c * ((row[j] ?? 0) - (mean[j] ?? 0)), 0));
}
