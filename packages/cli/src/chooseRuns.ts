// Which runs a command is about: those that are named, or those that satisfy conditions.
import { assertField, fieldOf, filterRuns, listRuns, type RunRow, runByPrefix } from '@looplab/sweep';
import { InputError, UsageError } from './errors.ts';

/** Runs as a command line says them: by the first digits of their ids, or by conditions. */
export interface WhichRuns {
  readonly results: string;
  readonly ids: readonly string[];
  readonly where: readonly string[];
}

/**
 * The runs under `results` that satisfy the conditions, sorted and cut.
 * @throws SweepError for a condition or a field that cannot be
 */
export function filteredRuns(
  results: string,
  where: readonly string[],
  { sort, reverse, limit }: { readonly sort?: string; readonly reverse?: boolean; readonly limit?: number } = {},
): RunRow[] {
  const rows = filterRuns(listRuns(results), where);
  if (sort !== undefined) {
    assertField(sort, rows);
    rows.sort((a, b) => order(fieldOf(a, sort), fieldOf(b, sort)));
  }
  if (reverse) rows.reverse();
  return limit === undefined ? rows : rows.slice(0, limit);
}

/** Runs that have no such field come last. */
function order(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b));
}

/**
 * Runs by name or by conditions, each once.
 * @throws UsageError unless it is one of both; SweepError for a name or a condition that cannot be
 */
export function chosenRuns({ results, ids, where }: WhichRuns): RunRow[] {
  if (ids.length > 0 === where.length > 0) throw new UsageError('name runs, or choose them by --where');
  if (where.length > 0) return filteredRuns(results, where);
  const all = listRuns(results);
  return [...new Set(ids.map((prefix) => runByPrefix(all, prefix)))];
}

/**
 * The one run that is named, or that satisfies the conditions.
 * @throws as chosenRuns; InputError unless it is one run
 */
export function chosenRun(which: WhichRuns): RunRow {
  const [run, ...more] = chosenRuns(which);
  const conditions = which.where.join(' and ');
  if (run === undefined) {
    throw new InputError(`there is no run with ${conditions}; looplab runs ls lists those there are`);
  }
  if (more.length === 0) return run;
  const names = [run, ...more].slice(0, 5).map((row) => `${row.study}/${row.run}`);
  throw new InputError(
    `${more.length + 1} runs have ${conditions}: ${names.join(', ')}${more.length > 4 ? ', ...' : ''}; name one of them, or add a --where`,
  );
}

/**
 * Two runs or more.
 * @throws as chosenRuns; UsageError or InputError where it is one or none
 */
export function severalRuns(which: WhichRuns): RunRow[] {
  if (which.ids.length === 1) throw new UsageError('name at least two runs');
  const rows = chosenRuns(which);
  if (rows.length > 1) return rows;
  throw new InputError(`two runs or more can be compared, but ${rows.length === 0 ? 'none was' : 'one was'} chosen`);
}
