// Tables over all runs of a folder as CSV files: what training measured, and what each analysis found, told apart by variant and seed.
import { join } from 'node:path';
import { analyses } from '@looplab/analysis';
import { atomicWrite } from '@looplab/core';
import { type AnalysisRecord, loopTable, type Run } from '@looplab/figures';
import { from } from 'arquero';
import { InputError } from './errors.ts';

type Row = Readonly<Record<string, unknown>>;

/** What was found in one run. */
export interface Collected {
  readonly run: Run;
  readonly records: readonly AnalysisRecord[];
}

/** Tables of single rows and paths are for a run's own page. */
const LEFT_OUT = new Set(['geometry-lens', 'geometry-paths']);

/** Analyses of the folder as a whole, found alike in every run. */
const OF_ALL_RUNS = new Set(analyses.filter((a) => a.of === 'folder').map((a) => a.id));

/**
 * Writes `<folder>/runs.csv`, one row a run, `loops.csv`, one row a run, evaluation and loop, and `<analysis>-<table>.csv` for the
 * analyses `ids`. Numbers that are not whole have six digits.
 * @throws InputError
 */
export function collectTables(folder: string, collected: readonly Collected[], ids: readonly string[]): void {
  assertOnce(collected.map(({ run }) => run));
  const tables = new Map<string, Row[]>();
  for (const { run, records } of collected) {
    const told = { variant: variantOf(run), seed: run.seed };
    for (const record of records.filter((r) => ids.includes(r.id))) {
      for (const [name, rows] of Object.entries(record.tables)) {
        const key = `${record.id}-${name}`;
        if (LEFT_OUT.has(key)) continue;
        if (!OF_ALL_RUNS.has(record.id)) {
          tables.set(key, [...(tables.get(key) ?? []), ...rows.map((row) => ({ ...told, ...row }))]);
        } else if (!tables.has(key)) tables.set(key, [...rows]);
      }
    }
  }
  const measured = collected.filter(({ run }) => run.evals.length > 0).map(({ run }) => run);
  if (measured.length > 0) {
    const loops = loopTable(measured, variantOf).select(
      'series',
      'seed',
      'step',
      'loop',
      'loops',
      'accuracy',
      'loss',
      'exit',
      'last',
    );
    tables.set('runs', measured.map(rowOf));
    tables.set('loops', loops.rename({ series: 'variant' }).objects() as Row[]); // by column names
  }
  for (const [name, rows] of tables) if (rows.length > 0) writeCsv(join(folder, `${name}.csv`), rows);
}

/**
 * Throws where a run was trained twice, before and after a change of code: it would count as two seeds.
 * @throws InputError
 */
export function assertOnce(runs: readonly Run[]): void {
  const known = new Map<string, Run>();
  for (const run of runs) {
    const name = JSON.stringify([run.config, run.seed]);
    const other = known.get(name);
    if (other)
      throw new InputError(
        `runs ${other.id} and ${run.id} are one run, ${variantOf(run)} seed ${run.seed}, trained twice by different code; keep one of them (looplab runs rm deletes)`,
      );
    known.set(name, run);
  }
}

function variantOf({ config, strategy }: Run): string {
  return typeof config.variant === 'string' ? config.variant : strategy;
}

/** A run at its last evaluation, and where it comes from. */
function rowOf(run: Run): Row {
  const { strategy, objective, task, layers, loops, params, seconds, manifest, evals, train } = run;
  const { accuracy, loss, bitsPerByte, expectedLoops, step } = evals.at(-1) ?? {};
  return {
    ...{ run: run.id, variant: variantOf(run), seed: run.seed, strategy, objective, task, layers, loops, params, step },
    ...{ accuracy, loss, bitsPerByte, expectedLoops, flops: train.at(-1)?.flops, seconds },
    ...{ commit: manifest.git?.sha?.slice(0, 12), code: manifest.codeId },
  };
}

function writeCsv(path: string, rows: readonly Row[]): void {
  const short = (v: unknown): unknown =>
    typeof v !== 'number' || Number.isSafeInteger(v) ? v : Number.isFinite(v) ? Number(v.toPrecision(6)) : null;
  const table = from(rows.map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, short(v)]))));
  atomicWrite(path, [Buffer.from(table.toCSV())]);
}
