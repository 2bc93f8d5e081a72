// Linear CKA between two sets of states of the same instances, debiased.
import { AnalysisError } from '../analysisError.ts';
import type { Features } from './features.ts';

/** The Gram matrix of the rows, diagonal set to 0, with the sums that the estimator needs. */
export interface Gram {
  readonly n: number;
  readonly k: Float64Array;
  readonly rowSums: Float64Array;
  readonly total: number;
}

/** @throws AnalysisError with fewer than four rows, which the unbiased estimator needs */
export function gram(x: Features): Gram {
  const { n, d, data } = x;
  if (n < 4) throw new AnalysisError(`CKA needs at least four instances (got ${n}); raise rows`);
  const k = new Float64Array(n * n);
  const rowSums = new Float64Array(n);
  let total = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      let dot = 0;
      for (let c = 0; c < d; c++) dot += (data[i * d + c] ?? 0) * (data[j * d + c] ?? 0);
      k[i * n + j] = dot;
      k[j * n + i] = dot;
      rowSums[i] = (rowSums[i] ?? 0) + dot;
      rowSums[j] = (rowSums[j] ?? 0) + dot;
      total += 2 * dot;
    }
  return { n, k, rowSums, total };
}

/** The unbiased estimator of the Hilbert-Schmidt independence criterion (Song et al., JMLR 13, 2012, eq. 5). */
function hsic(a: Gram, b: Gram): number {
  const { n } = a;
  let [product, cross] = [0, 0];
  for (let i = 0; i < n * n; i++) product += (a.k[i] ?? 0) * (b.k[i] ?? 0);
  for (let i = 0; i < n; i++) cross += (a.rowSums[i] ?? 0) * (b.rowSums[i] ?? 0);
  return (product + (a.total * b.total) / ((n - 1) * (n - 2)) - (2 * cross) / (n - 2)) / (n * (n - 3));
}

/**
 * Debiased linear CKA (Kornblith et al., arXiv 1905.00414; unbiased as in Nguyen et al., arXiv 2010.15327): 1 for equal
 * states up to rotation and scale, around 0 (possibly a little below) for unrelated ones whatever their width. NaN
 * where one side does not vary.
 */
export function cka(a: Gram, b: Gram): number {
  if (a.n !== b.n)
    throw new AnalysisError(
      `CKA compares states of the same instances (got ${a.n} and ${b.n}); pass them in the same order`,
    );
  const [aa, bb] = [hsic(a, a), hsic(b, b)];
  return aa > 0 && bb > 0 ? hsic(a, b) / Math.sqrt(aa * bb) : Number.NaN;
}
