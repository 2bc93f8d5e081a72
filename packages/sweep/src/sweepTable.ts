// What came out of a sweep as a table: a row a run.
import { join } from 'node:path';
import { readStatus } from '@looplab/train';
import { type ColumnTable, from } from 'arquero';
import type { RunRow } from './runs/runRow.ts';
import { runRow } from './runs/runRow.ts';
import type { Json, Point } from './space/point.ts';
import { type JobRecord, readJournal } from './store/sweepFolder.ts';

/** A run of a sweep with the point it stands for. */
export interface SweepRow extends Omit<RunRow, 'settings' | 'study' | 'task'> {
  readonly trial: number;
  readonly point: Point;
  /** The last rung the run was meant to reach. */
  readonly rung?: number;
}

/** The rows of the sweep in `dir`, in the order in which its points were chosen; runs that have not begun are `planned`. */
export function sweepRows(dir: string): SweepRow[] {
  const study = join(dir, '..', '..');
  const journal = readJournal(dir);
  const jobs = journal.filter((r): r is JobRecord => r.kind === 'job');
  const rows = new Map<string, SweepRow>();
  for (const { trial, point, rung, runs } of jobs) {
    for (const { run, seed, variant } of runs) {
      const known = rows.get(run);
      if (known) {
        rows.set(run, { ...known, ...(rung === undefined ? {} : { rung }) });
        continue;
      }
      const found = runRow(join(study, run), run);
      const { settings: _s, study: _t, task: _k, ...row } = found ?? planned(join(study, run), run, seed, variant);
      rows.set(run, { ...row, trial, point, ...(rung === undefined ? {} : { rung }) });
    }
  }
  return [...rows.values()];
}

/** The rows as an Arquero table: a column for each setting that was varied, and one for each number. */
export function tableOf(rows: readonly SweepRow[]): ColumnTable {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row.point)))];
  const flat = rows.map(({ point, ...row }) => {
    const settings = Object.fromEntries(keys.map((key): [string, Json] => [key, point[key] ?? null]));
    const { trial, run, variant, seed, status } = row;
    const last = { variant: variant ?? null, seed, status, cause: row.cause ?? null, error: row.error ?? null };
    const numbers = Object.fromEntries(COLUMNS.map((name) => [name, row[name] ?? null]));
    return { trial, run, ...settings, ...last, ...numbers };
  });
  return from(flat);
}

const COLUMNS = [
  ...(['step', 'steps', 'rung', 'accuracy', 'loss', 'bitsPerByte', 'expectedLoops'] as const),
  ...(['params', 'seconds', 'tokens', 'flops', 'strategy', 'objective'] as const),
] as const;

/** A run without a configuration yet: it waits, or was given up before it began. */
function planned(dir: string, run: string, seed: number, variant: string | undefined): RunRow {
  const status = readStatus(dir);
  return {
    run,
    study: '',
    ...(variant === undefined ? {} : { variant }),
    strategy: '',
    objective: '',
    task: '',
    seed,
    status: status?.status ?? 'planned',
    step: 0,
    steps: status?.steps ?? 0,
    ...(status?.cause === undefined ? {} : { cause: status.cause }),
    ...(status?.error === undefined ? {} : { error: status.error }),
    settings: {},
  };
}
