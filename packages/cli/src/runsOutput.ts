// What the runs commands print.
import { join } from 'node:path';
import { diffRuns, type RunRow, rowsCsv } from '@looplab/sweep';
import { readEvaluations } from '@looplab/train';
import { from } from 'arquero';
import { columns } from './columns.ts';
import type { Form } from './form.ts';

/** A row a run. */
export function printRuns(rows: readonly RunRow[], form: Form): void {
  if (form === 'json') printJson(rows);
  else if (form === 'csv') process.stdout.write(rowsCsv(rows));
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

/** One run in full; as CSV, the row that a list has of it. */
export function printRun(results: string, row: RunRow, form: Form): void {
  const dir = join(results, row.study, row.run);
  if (form === 'csv') {
    printRuns([row], form);
    return;
  }
  const evaluations = readEvaluations(dir);
  if (form === 'json') {
    printJson({ ...row, dir, evaluations });
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

/** The settings in which runs differ, a column a run, and with `hasNumbers` what came out. */
export function printDiff(rows: readonly RunRow[], form: Form, hasNumbers: boolean): void {
  const differences = diffRuns(rows);
  if (form === 'json') {
    printJson({ runs: hasNumbers ? rows : rows.map((r) => r.run), differences });
    return;
  }
  const measured = hasNumbers ? NUMBERS.filter((name) => rows.some((r) => r[name] !== undefined)) : [];
  if (form === 'csv') {
    const lines = [
      ...differences.map(({ key, values }) => [key, ...values.map(cell)]),
      ...measured.map((name) => [name, ...rows.map((r) => r[name])]),
    ];
    printCsv(['field', ...rows.map((r) => r.run)], lines);
    return;
  }
  const settings = differences.map(({ key, values }) => [
    key,
    ...values.map((v) => (v === undefined ? '-' : JSON.stringify(v))),
  ]);
  const numbers = measured.map((name) => [
    name,
    ...rows.map((r) => (typeof r[name] === 'number' ? number(r[name]) : String(r[name] ?? '-'))),
  ]);
  process.stdout.write(columns(['', ...rows.map((r) => r.run)], [...settings, ...numbers]));
}

/** The runs that were deleted, or that would be. */
export function printRemoved(rows: readonly RunRow[], form: Form, isDeleted: boolean): void {
  const records = rows.map(({ study, run, status }) => ({ study, run, status, deleted: isDeleted }));
  if (form === 'json') printJson(records);
  else if (form === 'csv') printCsv(['study', 'run', 'status', 'deleted'], records.map(Object.values));
  else {
    const lines = rows.map((r) => [`${r.study}/${r.run}`, statusOf(r)]);
    process.stdout.write(columns([isDeleted ? 'deleted' : 'would be deleted; add --yes', ''], lines));
  }
}

const NUMBERS = [
  ...(['status', 'step', 'loss', 'accuracy', 'bitsPerByte', 'expectedLoops', 'params'] as const),
  ...(['seconds', 'tokens', 'flops'] as const),
] as const;

function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Headings must differ. */
function printCsv(headings: readonly string[], lines: readonly (readonly unknown[])[]): void {
  const rows = lines.map((line) => Object.fromEntries(headings.map((name, i) => [name, line[i] ?? null])));
  process.stdout.write(rows.length === 0 ? `${headings.join(',')}\n` : from(rows).toCSV({ columns: [...headings] }));
}

/** A list or an object as JSON. */
function cell(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}

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
