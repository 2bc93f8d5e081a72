// Means over seeds and the intervals drawn around them.

/** A mean over `n` values with an interval around it; `lo` and `hi` are NaN where one value says nothing about spread. */
export interface Estimate {
  readonly n: number;
  readonly mean: number;
  readonly lo: number;
  readonly hi: number;
}

// Two-sided 95% quantiles of Student's t with 1..30 degrees of freedom (standard table).
const T95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** The two-sided 95% quantile of Student's t, within 0.001. */
export function t95(degrees: number): number {
  const z = 1.959964;
  const tabled = T95[degrees - 1];
  // Cornish-Fisher expansion around the normal quantile (Abramowitz & Stegun 26.7.5)
  return tabled ?? z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2);
}

/**
 * Mean and interval: the 95% t interval from three values on; their range for two, where a t interval would be 13 standard
 * errors wide; none for one. Values that are not finite are left out.
 * @param bounds where the quantity cannot go beyond, such as `[0, 1]` for an accuracy
 */
export function estimate(
  values: readonly number[],
  bounds: readonly [number, number] = [-Infinity, Infinity],
): Estimate {
  const x = values.filter(Number.isFinite);
  const n = x.length;
  const mean = x.reduce((a, b) => a + b, 0) / n;
  if (n < 2) return { n, mean: n === 0 ? Number.NaN : mean, lo: Number.NaN, hi: Number.NaN };
  if (n === 2) return { n, mean, lo: Math.min(...x), hi: Math.max(...x) };
  const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1);
  const half = t95(n - 1) * Math.sqrt(variance / n);
  return { n, mean, lo: Math.max(bounds[0], mean - half), hi: Math.min(bounds[1], mean + half) };
}

/** What the intervals of estimates over `counts` values are, in words for a caption. */
export function intervalInWords(counts: readonly number[]): string {
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const seeds = least === most ? `${most} ${most === 1 ? 'seed' : 'seeds'}` : `${least} to ${most} seeds`;
  if (most < 2) return 'one seed';
  if (most === 2) return `mean and range of ${seeds}`;
  return least >= 3
    ? `mean and 95% t interval over ${seeds}`
    : `mean and 95% t interval (range, for two) over ${seeds}`;
}
