// From tables of one row a seed to the numbers that a README states: means with intervals, and paired comparisons.
import { type Cell, compareSeeds, holm, overSeeds, type Row, stepsToThreshold, type Table } from '@looplab/analysis';

/** What to average over seeds, or to compare. */
export interface NumbersOf {
  readonly quantity: string;
  /** Name of a file in the study's `data/`, without `.csv`; or `summary`, the runs of its `summary.json`. */
  readonly table: string;
  /** The rows that count: those with these values. */
  readonly where?: Readonly<Record<string, Cell>>;
  /** Columns that tell conditions apart. */
  readonly by: readonly string[];
  readonly value: string;
  /** Instead of the value, the updates until it is first at least this; seeds that never get there do not count in `n`. */
  readonly reaches?: number;
  /** Compares the rows of pairs of values of one more column, seed by seed; of several, their values with blanks between. */
  readonly compare?: {
    readonly between: string | readonly string[];
    readonly pairs: readonly (readonly [a: Cell, b: Cell])[];
  };
}

/**
 * `numbers`: for each condition the mean over seeds and its 95% t interval. `comparisons`: for each condition and pair the paired
 * difference a - b with interval and t test, Holm-adjusted over all comparisons of the study.
 * @throws AnalysisError where a seed occurs twice in a condition
 */
export function numbersOf(
  specs: readonly NumbersOf[],
  read: (table: string) => Table,
): { numbers: Row[]; comparisons: Row[] } {
  const numbers: Row[] = [];
  const found: Row[] = [];
  for (const { quantity, table, where = {}, by, value: column, reaches, compare } of specs) {
    const kept = read(table).filter((row) => Object.entries(where).every(([name, wanted]) => row[name] === wanted));
    const value = reaches === undefined ? column : 'steps';
    const rows =
      reaches === undefined ? kept : stepsToThreshold(kept, { by: [...by, 'seed'], value: column, threshold: reaches });
    const at = (row: Row): string =>
      [...Object.entries(where), ...by.map((name) => [name, row[name]] as const)]
        .map(([k, v]) => `${k}=${v}`)
        .join(' ');
    if (!compare) {
      for (const { n, mean, lo, hi, ...row } of overSeeds(rows, { by, value }))
        numbers.push({ quantity, at: at(row), n: n ?? null, mean: mean ?? null, lo: lo ?? null, hi: hi ?? null });
      continue;
    }
    const columns = [compare.between].flat();
    const between = columns.join(' ');
    const named =
      columns.length === 1 ? rows : rows.map((r) => ({ ...r, [between]: columns.map((c) => r[c]).join(' ') }));
    for (const [a, b] of compare.pairs)
      for (const row of compareSeeds(named, { by, value, between, a, b }))
        found.push({ quantity, at: at(row), between, a, b, ...measures(row) });
  }
  const adjusted = holm(found.map(({ p }) => (typeof p === 'number' ? p : Number.NaN)));
  return { numbers, comparisons: found.map((row, i) => ({ ...row, pHolm: adjusted[i] ?? null })) };
}

/** The columns of `compareSeeds` that are told on. */
export function measures({ n, meanA, meanB, difference, lo, hi, p, cohensD }: Row): Record<string, Cell> {
  const all = { n, meanA, meanB, difference, lo, hi, p, cohensD };
  return Object.fromEntries(Object.entries(all).map(([name, x]) => [name, x ?? null]));
}
