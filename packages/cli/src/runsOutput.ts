// What the runs commands print.
import { join } from 'node:path';
import {
  assertField,
  diffRuns,
  fieldOf,
  filterRuns,
  listRuns,
  type RunRow,
  rowsCsv,
  runByPrefix,
} from '@looplab/sweep';
import { readEvaluations } from '@looplab/train';
import { columns } from './columns.ts';
import { UsageError } from './errors.ts';

/**
 * The runs under `results` that satisfy the conditions, sorted and cut.
 * @throws SweepError for a condition or a field that cannot be
 */
export async function chosenRuns(
  results: string,
  where: readonly string[],
  { sort, reverse, limit }: { readonly sort?: string; readonly reverse?: boolean; readonly limit?: number },
): Promise<RunRow[]> {
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

/** A row a run, as a table, JSON or CSV. */
export function printRuns(
  rows: readonly RunRow[],
  { json, csv }: { readonly json: boolean; readonly csv: boolean },
): void {
  if (json && csv) throw new UsageError('choose one of --json and --csv');
  if (json) process.stdout.write(`${JSON.stringify(rows)}\n`);
  else if (csv) process.stdout.write(rowsCsv(rows));
  else {
    const lines = rows.map((r) => [
      ...[r.study, r.run, r.variant ?? '', r.strategy, String(r.settings['model.layers'] ?? '')],
      ...[String(r.settings['model.loops'] ?? ''), String(r.seed), statusOf(r), `${r.step}/${r.steps}`],
      ...[number(r.loss), number(r.bitsPerByte ?? r.accuracy), r.seconds?.toFixed(0) ?? ''],
      r.updatedAt?.slice(0, 16).replace('T', ' ') ?? '',
    ]);
    const score = rows.some((r) => r.bitsPerByte !== undefined) ? 'acc or b/B' : 'accuracy';
    const headings = ['study', 'run', 'variant', 'strategy', 'layers', 'loops', 'seed', 'status', 'steps', 'loss'];
    process.stdout.write(columns([...headings, score, 'seconds', 'changed'], lines, [4, 5, 6, 8, 9, 10, 11]));
  }
}

/** One run in full. */
export async function printRun(results: string, prefix: string, json: boolean): Promise<void> {
  const row = runByPrefix(listRuns(results), prefix);
  const dir = join(results, row.study, row.run);
  const evaluations = readEvaluations(dir);
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...row, dir, evaluations })}\n`);
    return;
  }
  const { settings, ...facts } = row;
  const lines = Object.entries({ ...facts, dir }).map(([name, value]) => [name, String(value)]);
  process.stdout.write(columns(['', ''], lines).replace(/^\n/, ''));
  process.stdout.write(
    `\n${columns(
      ['setting', 'value'],
      Object.entries(settings).map(([k, v]) => [k, JSON.stringify(v)]),
    )}`,
  );
  const curve = evaluations.map((e) => [String(e.step), number(e.loss), number(e.accuracy), list(e.accuracyPerLoop)]);
  process.stdout.write(`\n${columns(['step', 'loss', 'accuracy', 'accuracy per loop'], curve, [0, 1, 2])}`);
}

/** The settings in which runs differ, and with `results` their numbers. */
export async function printDiff(
  results: string,
  prefixes: readonly string[],
  json: boolean,
  hasNumbers: boolean,
): Promise<void> {
  if (prefixes.length < 2) throw new UsageError('name at least two runs');
  const all = listRuns(results);
  const rows = prefixes.map((prefix) => runByPrefix(all, prefix));
  const differences = diffRuns(rows);
  if (json) {
    process.stdout.write(`${JSON.stringify({ runs: hasNumbers ? rows : rows.map((r) => r.run), differences })}\n`);
    return;
  }
  const table = differences.map(({ key, values }) => [
    key,
    ...values.map((v) => (v === undefined ? '-' : JSON.stringify(v))),
  ]);
  const numbers = hasNumbers
    ? NUMBERS.filter((name) => rows.some((r) => r[name] !== undefined)).map((name) => [
        name,
        ...rows.map((r) => (typeof r[name] === 'number' ? number(r[name]) : String(r[name] ?? '-'))),
      ])
    : [];
  process.stdout.write(columns(['', ...rows.map((r) => r.run)], [...table, ...numbers]));
}

const NUMBERS = [
  ...(['status', 'step', 'loss', 'accuracy', 'bitsPerByte', 'expectedLoops', 'params'] as const),
  ...(['seconds', 'tokens', 'flops'] as const),
] as const;

function statusOf({ status, cause }: RunRow): string {
  return cause === undefined ? status : `${status}(${cause})`;
}

function number(x: number | undefined): string {
  if (x === undefined) return '';
  return Number.isInteger(x) && Math.abs(x) < 1e9 ? String(x) : x.toPrecision(4);
}

function list(xs: readonly number[]): string {
  return xs.map((x) => x.toFixed(3)).join(' ');
}
