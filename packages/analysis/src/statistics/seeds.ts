// From one row a seed to one row a condition: means with intervals, and paired comparisons of two conditions.
import { key } from '@looplab/core';
import { AnalysisError } from '../analysisError.ts';
import { type Cell, cell, type Row, type Table } from '../table.ts';
import { cliffsDelta, cohensD } from './effectSize.ts';
import { tInterval } from './interval.ts';
import { holm, pairedT, signFlip } from './tests.ts';

/**
 * One row for each combination of the `by` columns: `{ ...by, n, mean, lo, hi }`, the t interval over the rows of that
 * combination, which must be one a seed. Rows whose value is null are left out; a combination without any is left out
 * too.
 * @throws AnalysisError where a seed occurs twice in a combination, or a column is missing
 */
export function overSeeds(
  rows: Table,
  columns: { readonly by: readonly string[]; readonly value: string; readonly seed?: string; readonly level?: number },
): Row[] {
  const { by, value, seed = 'seed', level = 0.95 } = columns;
  return [...groupBySeed(rows, by, value, seed).values()].map(({ of, values }) => {
    const { n, value: mean, lo, hi } = tInterval([...values.values()], level);
    return { ...of, n, mean, lo: cell(lo), hi: cell(hi) };
  });
}

/**
 * Compares two values of the column `between` seed by seed, for each combination of the `by` columns. Columns of a row:
 * those of `by`; `n` pairs; `meanA`, `meanB`; `difference` a - b with its t interval `lo`, `hi`; `p` of the paired t
 * test and `pSignFlip` of the permutation test ({@link signFlip}, exact up to 16 pairs), both also Holm-adjusted over the rows (`pHolm`, `pSignFlipHolm`);
 * `cohensD` (d_z) and `cliffsDelta`.
 * @throws AnalysisError where fewer than two seeds occur on both sides
 */
export function compareSeeds(
  rows: Table,
  columns: {
    readonly by: readonly string[];
    readonly value: string;
    readonly between: string;
    readonly a: Cell;
    readonly b: Cell;
    readonly seed?: string;
  },
): Row[] {
  const { by, value, between, a, b, seed = 'seed' } = columns;
  const side = (of: Cell) =>
    groupBySeed(
      rows.filter((r) => r[between] === of),
      by,
      value,
      seed,
    );
  const [left, right] = [side(a), side(b)];
  const found = [...left].flatMap(([id, { of, values }]) => {
    const other = right.get(id)?.values;
    const seeds = [...values.keys()].filter((s) => other?.has(s));
    if (!other || seeds.length === 0) return [];
    if (seeds.length < 2)
      throw new AnalysisError(
        `comparing ${between} = ${a} with ${b}: ${JSON.stringify(of)} has one seed on both sides; run at least two seeds of each`,
      );
    const x = seeds.map((s) => values.get(s) ?? Number.NaN);
    const y = seeds.map((s) => other.get(s) ?? Number.NaN);
    return [
      {
        of,
        x,
        y,
        t: pairedT(x, y),
        flip: signFlip(x, y, { key: key(0) }),
        interval: tInterval(x.map((v, i) => v - (y[i] ?? 0))),
      },
    ];
  });
  if (found.length === 0)
    throw new AnalysisError(
      `comparing ${between} = ${a} with ${b}: no seed occurs on both sides; there are ${[...new Set(rows.map((r) => r[between]))].join(', ')}`,
    );
  const adjusted = holm(found.map((f) => f.t.p));
  const adjustedFlip = holm(found.map((f) => f.flip.p));
  return found.map(({ of, x, y, t, flip, interval }, i) => ({
    ...of,
    n: t.n,
    meanA: tInterval(x).value,
    meanB: tInterval(y).value,
    difference: t.difference,
    lo: cell(interval.lo),
    hi: cell(interval.hi),
    p: t.p,
    pHolm: adjusted[i] ?? null,
    pSignFlip: flip.p,
    pSignFlipHolm: adjustedFlip[i] ?? null,
    cohensD: cell(cohensD(x, y, { paired: true })),
    cliffsDelta: cliffsDelta(x, y),
  }));
}

function groupBySeed(
  rows: Table,
  by: readonly string[],
  value: string,
  seed: string,
): Map<string, { of: Row; values: Map<Cell, number> }> {
  const groups = new Map<string, { of: Row; values: Map<Cell, number> }>();
  for (const row of rows) {
    for (const name of [...by, value, seed]) {
      if (!(name in row))
        throw new AnalysisError(`there is no column '${name}'; the rows have ${Object.keys(row).join(', ')}`);
    }
    const v = row[value];
    if (v === null) continue;
    if (typeof v !== 'number') throw new AnalysisError(`column '${value}' holds ${JSON.stringify(v)}, not a number`);
    const of = Object.fromEntries(by.map((name) => [name, row[name] as Cell])); // checked above
    const id = JSON.stringify(Object.values(of));
    const group = groups.get(id) ?? { of, values: new Map<Cell, number>() };
    const s = row[seed] as Cell;
    if (group.values.has(s))
      throw new AnalysisError(
        `seed ${s} occurs twice where ${JSON.stringify(of)}; name the column that tells the rows apart in by`,
      );
    group.values.set(s, v);
    groups.set(id, group);
  }
  return groups;
}
