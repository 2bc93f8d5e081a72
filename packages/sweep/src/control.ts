// What can be done with a sweep from outside: find it, stop it, give runs up, open failed ones again.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readStatus } from '@looplab/train';
import { SweepError } from './errors.ts';
import type { Launcher } from './launch/launcher.ts';
import { launcherById } from './launch/launcherById.ts';
import { foldersIn } from './store/foldersIn.ts';
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
import { withRunFolder } from './store/withRunFolder.ts';
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

/** So long tasks may take to save and end. */
const GRACE_MS = 60_000;

/**
 * Asks the process that drives a sweep to save its runs and end. Without one, stops what it left with a launcher that outlives it.
 * @returns what was done, in words
 */
export async function cancelSweep({ dir, manifest }: FoundSweep): Promise<string> {
  if (isDriven(dir)) {
    leaveRequest(dir, { do: 'cancel' });
    return 'its driver was asked to save the runs and end';
  }
  const lock = lockSweep(dir, manifest.id);
  try {
    const left = Map.groupBy(readHandles(dir), (task) => task.launcher);
    let stopped = 0;
    for (const [id, tasks] of left) {
      const launcher = launcherById(id);
      if (launcher === undefined) continue;
      stopped += await stopTasks(launcher, tasks, (run) => note(join(dir, '..', '..', run), 'cancelled', undefined));
    }
    return stopped > 0 ? `${stopped} runs were stopped` : 'nobody drives it, so there is nothing to stop';
  } finally {
    lock.release();
  }
}

/** Stops tasks and waits for their end; those that had not begun are noted as stopped. */
async function stopTasks(
  launcher: Launcher,
  tasks: readonly TaskHandle[],
  noteStopped: (run: string) => void,
): Promise<number> {
  const states = await launcher.poll(tasks.map((t) => t.handle));
  const alive = tasks.filter((_, i) => states[i]?.state !== 'ended');
  const handles = alive.map((t) => t.handle);
  await launcher.stop(handles);
  for (const end = Date.now() + GRACE_MS; Date.now() < end; await launcher.wait(500)) {
    const now = await launcher.poll(handles);
    if (now.every((s) => s.state === 'ended')) break;
  }
  await launcher.close();
  for (const task of tasks) {
    rmSync(task.path, { force: true });
    const { status } = readStatus(join(dirname(task.path), '..', '..', '..', task.run)) ?? {};
    if (status === 'queued') noteStopped(task.run);
  }
  return alive.length;
}

interface TaskHandle {
  readonly run: string;
  readonly path: string;
  readonly launcher: string;
  readonly handle: string;
}

/** What drivers left behind about tasks that outlive them. */
function readHandles(dir: string): TaskHandle[] {
  const folder = join(dir, 'tasks');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.handle'))
    .map((name) => {
      const path = join(folder, name);
      const [launcher = '', ...handle] = readFileSync(path, 'utf8').split(' ');
      return { run: name.slice(0, -'.handle'.length), path, launcher, handle: handle.join(' ') };
    });
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
function note(dir: string, status: 'pruned' | 'preempted' | 'cancelled', why: string | undefined): boolean {
  if (!existsSync(dir)) return true;
  const { step = 0, steps = 0 } = readStatus(dir) ?? {};
  return withRunFolder(dir, (folder) => {
    folder.event(status === 'preempted' ? 'retried' : status, { step });
    folder.writeStatus({ status, step, steps, ...(why === undefined ? {} : { error: why }) });
  });
}

function runOf(rows: readonly SweepRow[], prefix: string, id: string): SweepRow {
  const found = rows.filter((row) => row.run.startsWith(prefix));
  const [only, ...more] = found;
  if (only === undefined) throw new SweepError(`sweep ${id} has no run ${prefix}; looplab sweep show ${id} lists them`);
  if (more.length > 0)
    throw new SweepError(`${found.length} runs of sweep ${id} begin with ${prefix}; write more of it`);
  return only;
}
