// Cross-validation folds that keep what belongs together on one side.
import { type Key, permutation } from '@looplab/core';
import { AnalysisError } from '../analysisError.ts';

/**
 * Fold 0..folds-1 of each sample; samples of one group (a row with several problems) share a fold, groups are spread
 * evenly in random order.
 * @param groups one label a sample
 * @throws AnalysisError with fewer than five groups a fold, since then a fold says next to nothing
 */
export function foldsOf(groups: ArrayLike<number>, folds: number, key: Key): Int32Array {
  const distinct = [...new Set(Array.from(groups))];
  if (!Number.isInteger(folds) || folds < 2)
    throw new AnalysisError(`folds must be a whole number >= 2 (got ${folds})`);
  if (distinct.length < 5 * folds)
    throw new AnalysisError(
      `a probe with ${folds} folds needs at least ${5 * folds} independent rows (got ${distinct.length}); raise rows`,
    );
  const order = permutation(key, distinct.length);
  const fold = new Map(distinct.map((g, i) => [g, (order[i] ?? 0) % folds]));
  return Int32Array.from(groups, (g) => fold.get(g) ?? 0);
}
