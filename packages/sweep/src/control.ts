// What can be done with a sweep from outside: find it, stop it, give runs up, open failed ones again.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { RunFolder, RunLockedError, readStatus } from '@looplab/train';
import { SweepError } from './errors.ts';
import {
  appendJournal,
  isDriven,
  type JournalRecord,
  leaveRequest,
  lockSweep,
  readJournal,
  readManifest,
  type SweepManifest,
} from './store/sweepFolder.ts';
import { type SweepRow, sweepRows } from './sweepTable.ts';

/** A sweep on disk. */
export interface FoundSweep {
  readonly dir: string;
  readonly manifest: SweepManifest;
}

/** Every sweep under `results`, oldest first. */
export function listSweeps(results: string): FoundSweep[] {
  return foldersIn(results)
    .flatMap((study) => foldersIn(join(results, study, 'sweeps')).map((id) => join(results, study, 'sweeps', id)))
    .flatMap((dir) => {
      const manifest = readManifest(dir);
      return manifest ? [{ dir, manifest }] : [];
    })
    .sort((a, b) => a.manifest.createdAt.localeCompare(b.manifest.createdAt));
}

/**
 * The sweep whose id begins with `prefix`.
 * @throws SweepError if there is none or more than one
 */
export function findSweep(results: string, prefix: string): FoundSweep {
  const found = listSweeps(results).filter((s) => s.manifest.id.startsWith(prefix));
  const [only, ...more] = found;
  if (only === undefined) {
    throw new SweepError(`there is no sweep ${prefix} under ${results}; looplab sweep ls lists those there are`);
  }
  if (more.length > 0) {
    throw new SweepError(`${found.length} sweeps begin with ${prefix}: ${found.map((s) => s.manifest.id).join(', ')}`);
  }
  return only;
}

/**
 * Asks the process that drives a sweep to save its runs and end.
 * @returns what was done, in words
 */
export async function cancelSweep({ dir }: FoundSweep): Promise<string> {
  if (!isDriven(dir)) return 'nobody drives it, so there is nothing to stop';
  leaveRequest(dir, { do: 'cancel' });
  return 'its driver was asked to save the runs and end';
}

/**
 * Gives runs of a sweep up for good: those at work are stopped, those that wait are not begun.
 * @param prefixes first digits of their ids
 * @returns their ids
 * @throws SweepError for a run that the sweep has not, or that is finished
 */
export function pruneRuns(sweep: FoundSweep, prefixes: readonly string[]): string[] {
  const rows = sweepRows(sweep.dir);
  const runs = prefixes.map((prefix) => runOf(rows, prefix, sweep.manifest.id));
  const over = runs.find((row) => ['finished', 'diverged'].includes(row.status));
  if (over) throw new SweepError(`run ${over.run} is ${over.status}; only runs that go on can be given up`);
  const ids = runs.map((row) => row.run);
  if (isDriven(sweep.dir)) {
    leaveRequest(sweep.dir, { do: 'prune', runs: ids });
    return ids;
  }
  const lock = lockSweep(sweep.dir, sweep.manifest.id);
  try {
    const known = new Set(readJournal(sweep.dir).flatMap((r) => (r.kind === 'prune' ? [r.run] : [])));
    const records = ids.filter((id) => !known.has(id)).map((run): JournalRecord => ({ kind: 'prune', run }));
    appendJournal(sweep.dir, records);
    for (const id of ids) note(join(sweep.dir, '..', '..', id), 'pruned', 'given up by hand');
  } finally {
    lock.release();
  }
  return ids;
}

/** Failures to be tried again: all, or those of the machine. */
export type RetryKind = 'failed' | 'infra';

/**
 * Opens failed runs of a sweep again, so that the next drive takes them up where they were. Diverged runs stay: the same run would
 * diverge again.
 * @returns their ids
 */
export function reopenRuns(dir: string, kind: RetryKind): string[] {
  const failed = sweepRows(dir).filter((r) => r.status === 'failed' && (kind === 'failed' || r.cause === 'infra'));
  return failed.flatMap(({ run }) => {
    const isOpen = note(join(dir, '..', '..', run), 'preempted', undefined);
    return isOpen ? [run] : [];
  });
}

/** Writes a run's status; false if a process is writing the run. */
function note(dir: string, status: 'pruned' | 'preempted', why: string | undefined): boolean {
  if (!existsSync(dir)) return true;
  const { step = 0, steps = 0 } = readStatus(dir) ?? {};
  try {
    const folder = new RunFolder(dir);
    folder.event(status === 'preempted' ? 'retried' : status, { step });
    folder.writeStatus({ status, step, steps, ...(why === undefined ? {} : { error: why }) });
    folder.close();
    return true;
  } catch (error) {
    if (error instanceof RunLockedError) return false;
    throw error;
  }
}

function runOf(rows: readonly SweepRow[], prefix: string, id: string): SweepRow {
  const found = rows.filter((row) => row.run.startsWith(prefix));
  const [only, ...more] = found;
  if (only === undefined) throw new SweepError(`sweep ${id} has no run ${prefix}; looplab sweep show ${id} lists them`);
  if (more.length > 0)
    throw new SweepError(`${found.length} runs of sweep ${id} begin with ${prefix}; write more of it`);
  return only;
}

function foldersIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((e) => e.isDirectory())
      .map((e) => e.name)
      .sort();
  } catch {
    return [];
  }
}
