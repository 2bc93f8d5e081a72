// How much each setting has to do with the result: what it explains beside all others, in an additive model of their levels.
import { isBetter } from '../metric.ts';
import { type Level, levelsOf, ranked } from './judge.ts';
import type { Axis, Sweep } from './sweep.ts';

/** How much of the spread of results an axis accounts for. */
export interface Importance {
  readonly axis: Axis;
  readonly levels: readonly Level[];
  readonly best: Level;
  readonly worst: Level;
  /**
   * Share of the variance between configurations that goes with this axis and no other, from 0 to 1; NaN where there are too few
   * configurations to tell.
   */
  readonly share: number;
}

/** The axes along which results were obtained at two places at least, the most telling first. */
export function importances(sweep: Sweep): Importance[] {
  const varied = sweep.axes
    .map((axis) => ({ axis, levels: levelsOf(axis, sweep) }))
    .filter(({ levels }) => levels.length > 1);
  const done = ranked(sweep);
  const shares = uniqueShares(
    done.map((c) => c.result.mean),
    varied.map(({ levels }) => done.map((c) => levels.findIndex((l) => l.configurations.includes(c)))),
  );
  const found = varied.flatMap(({ axis, levels }, i): Importance[] => {
    const order = [...levels].sort((a, b) => (isBetter(a.result.mean, b.result.mean, sweep.metric) ? -1 : 1));
    const [best, worst] = [order[0], order.at(-1)];
    return best && worst ? [{ axis, levels, best, worst, share: shares[i] ?? Number.NaN }] : [];
  });
  return found.sort((a, b) => (b.share || 0) - (a.share || 0));
}

/**
 * For each factor the part of the variance of `values` that a least-squares fit of all factors' levels loses without it, less what
 * a factor of so many levels would take from noise (epsilon squared: Kelley 1935); not below 0. In a balanced design that is the
 * classical share of the factor's sum of squares.
 * @param factors the level of each value, for each factor
 */
export function uniqueShares(values: readonly number[], factors: readonly (readonly number[])[]): number[] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const centred = values.map((v) => v - mean);
  const total = centred.reduce((sum, v) => sum + v * v, 0);
  const full = fit(centred, factors);
  const spare = values.length - full.rank;
  if (spare < 1 || total === 0) return factors.map(() => Number.NaN);
  const noise = full.residual / spare;
  return factors.map((_, i) => {
    const without = fit(
      centred,
      factors.filter((_, k) => k !== i),
    );
    const gain = without.residual - full.residual - (full.rank - without.rank) * noise;
    return Math.max(0, gain / total);
  });
}

/** Least squares on an intercept and an indicator for each level, by Gram-Schmidt; dependent columns add nothing. */
function fit(values: readonly number[], factors: readonly (readonly number[])[]): { residual: number; rank: number } {
  const columns = [
    values.map(() => 1),
    ...factors.flatMap((levels) => [...new Set(levels)].map((level) => levels.map((l) => (l === level ? 1 : 0)))),
  ];
  const basis: number[][] = [];
  let rest = [...values];
  for (const column of columns) {
    let direction = column as number[]; // it is not written to
    // twice, since once loses digits where columns are almost dependent
    for (const q of [...basis, ...basis]) direction = less(direction, q, dot(direction, q));
    const length = Math.sqrt(dot(direction, direction));
    if (length < 1e-9 * Math.sqrt(values.length)) continue;
    const unit = direction.map((v) => v / length);
    basis.push(unit);
    rest = less(rest, unit, dot(rest, unit));
  }
  return { residual: dot(rest, rest), rank: basis.length };
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, v, i) => sum + v * (b[i] ?? 0), 0);
}

function less(a: readonly number[], b: readonly number[], scale: number): number[] {
  return a.map((v, i) => v - scale * (b[i] ?? 0));
}
