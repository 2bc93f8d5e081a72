// Feature matrices of linear probes: rows picked, standardised by the training rows.
import { AnalysisError, DivergedError } from '../analysisError.ts';

/** `n` rows of `d` numbers, row-major. */
export interface Features {
  readonly n: number;
  readonly d: number;
  readonly data: Float64Array;
}

/** @throws AnalysisError where a number is not finite or the size does not fit */
export function features(data: Float64Array, n: number): Features {
  const d = data.length / n;
  if (n === 0 || !Number.isInteger(d) || d === 0)
    throw new AnalysisError(`a probe needs rows of features (got ${data.length} numbers for ${n} rows)`);
  const bad = data.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0)
    throw new DivergedError(
      `feature ${bad % d} of row ${Math.floor(bad / d)} is ${data[bad]}; states must be finite: choose a checkpoint from before the run diverged`,
    );
  return { n, d, data };
}

export function pickRows(x: Features, rows: readonly number[]): Features {
  const data = new Float64Array(rows.length * x.d);
  for (const [i, r] of rows.entries()) data.set(x.data.subarray(r * x.d, (r + 1) * x.d), i * x.d);
  return { n: rows.length, d: x.d, data };
}

/** Means and scales of the columns; a column that does not vary gets scale 0 and so tells a probe nothing. */
export interface Scaling {
  readonly mean: Float64Array;
  readonly scale: Float64Array;
}

export function scalingOf(x: Features): Scaling {
  const mean = new Float64Array(x.d);
  const square = new Float64Array(x.d);
  for (let i = 0; i < x.n; i++)
    for (let j = 0; j < x.d; j++) mean[j] = (mean[j] ?? 0) + (x.data[i * x.d + j] ?? 0) / x.n;
  for (let i = 0; i < x.n; i++)
    for (let j = 0; j < x.d; j++)
      square[j] = (square[j] ?? 0) + ((x.data[i * x.d + j] ?? 0) - (mean[j] ?? 0)) ** 2 / x.n;
  const largest = Math.max(...square, Number.MIN_VALUE);
  return { mean, scale: square.map((v) => (v > 1e-20 * largest ? 1 / Math.sqrt(v) : 0)) };
}

/** `(x - mean) * scale`, column by column. */
export function standardise(x: Features, { mean, scale }: Scaling): Features {
  const data = x.data.map((v, at) => (v - (mean[at % x.d] ?? 0)) * (scale[at % x.d] ?? 0));
  return { n: x.n, d: x.d, data };
}
