// One study, many runs: plans a sweep, drives it to its end, and returns what came out. `looplab sweep` is a surface of this.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type ProgressOutput, type Study, writeJsonAtomic } from '@looplab/train';
import type { ColumnTable } from 'arquero';
import { shortfallOf } from './assertComplete.ts';
import { type RetryKind, reopenRuns } from './control.ts';
import { cancelledBy, type DriveEnd, Driver } from './drive.ts';
import { SweepError } from './errors.ts';
import type { Launcher } from './launch/launcher.ts';
import { local } from './launch/local.ts';
import { planSweep, type SweepPlan, type SweepPlanOptions } from './plan/sweepPlan.ts';
import type { TaskFile } from './runTask.ts';
import { sweepFailures, sweepProgress } from './show/sweepProgress.ts';
import { SweepFolder } from './store/sweepFolder.ts';
import { type SweepRow, sweepRows, tableOf } from './sweepTable.ts';

export interface SweepOptions extends SweepPlanOptions {
  /** Folder under which `<study>/<run id>/` and `<study>/sweeps/<sweep id>/` are made. Default `results`. */
  readonly results?: string;
  /** Where runs are computed. Default: processes on this machine. */
  readonly launcher?: Launcher;
  /** Processes at a time on this machine; default: one for each core, if there are as many runs. Not with a `launcher`. */
  readonly workers?: number;
  /** Threads of a run; default: the cores divided by the workers. */
  readonly threads?: number;
  /** What computes. Default `onnx`. */
  readonly device?: TaskFile['device'];
  /** Runs that fail or diverge before the sweep stops; default: it goes on. 1 stops at the first. */
  readonly maxFailures?: number;
  /** How often a run that the machine let down (killed, disk, memory) is started again; default 2. */
  readonly retries?: number;
  /** Where progress goes, such as `process.stderr`; without it only failures are told, on `process.stderr`. */
  readonly output?: ProgressOutput;
  /** Aborting it ends the sweep with the state of its runs saved; the same call goes on. */
  readonly signal?: AbortSignal;
  /** Command that carries out a task, whose path is added to it; default: this package's own program, by this Node. */
  readonly worker?: readonly string[];
  /** Only runs of the sweep that failed, opened again: all of them, or those that the machine let down. */
  readonly retry?: RetryKind;
}

/** What a sweep came to. */
export interface SweepResult {
  readonly id: string;
  /** The sweep's folder. */
  readonly dir: string;
  readonly end: DriveEnd['end'];
  readonly rows: readonly SweepRow[];
}

/**
 * Sweeps a study: every run that is not finished yet is trained, in processes of their own; the same call again goes on where this
 * one was stopped, killed or let down. Runs that fail are told when they do and listed at the end, and do not keep the others from
 * running.
 *
 *     const table = await sweep(study, { search: grid({ 'model.loops': [1, 2, 4] }), workers: 2 });
 *
 * @returns a row a run: the settings that were varied, status (with cause and error of a failure), and what was measured
 * @throws SweepError, OverrideError, StudyError, ... before anything is written; SweepLockedError if another process drives the
 * sweep; RunFolderError if results cannot be written; CancelledError when `signal` stopped it
 */
export async function sweep(study: Study, options: SweepOptions = {}): Promise<ColumnTable> {
  const result = await runSweep(planSweep(study, options), options);
  const lacking = shortfallOf(result);
  if (lacking !== undefined) (options.output ?? process.stderr).write(`${lacking}\n`);
  return tableOf(result.rows);
}

/**
 * Drives a planned sweep: `sweep` without the list of failures at its end and the table.
 * @throws as {@link sweep}
 */
export async function runSweep(
  plan: SweepPlan,
  options: Omit<SweepOptions, keyof SweepPlanOptions> = {},
): Promise<SweepResult> {
  const { results = 'results', device = 'onnx', maxFailures = Number.POSITIVE_INFINITY, retries = 2 } = options;
  if (options.launcher && options.workers !== undefined) {
    throw new SweepError('workers are those of this machine; a launcher of its own has other options');
  }
  const shares = shareOf(plan, options);
  const launcher = options.launcher ?? local(shares);
  const folder = new SweepFolder(results, plan);
  const watch = options.output ? sweepProgress(options.output, plan.spec.metric) : sweepFailures(process.stderr);
  try {
    const context = {
      folder: join(results, plan.study.name),
      sweepDir: folder.dir,
      metric: plan.spec.metric,
      source: plan.source,
      scale: plan.spec.scale,
      device,
      threads: shares.threads,
    };
    const only = options.retry && new Set(reopenRuns(folder.dir, options.retry));
    const driver = new Driver(plan, folder, context, {
      ...{
        launcher,
        worker: options.worker ?? workerCommand(shares.threads),
        maxFailures,
        retries,
        device,
        threads: shares.threads,
      },
      ...(only ? { only } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
      events: watch,
      tickMs: launcher.outlives ? 1000 : 200,
    });
    const { end } = await driver.run();
    watch.end();
    const rows = sweepRows(folder.dir);
    const result: SweepResult = { id: plan.id, dir: folder.dir, end, rows };
    writeJsonAtomic(join(folder.dir, 'summary.json'), { ...result, spec: plan.spec });
    if (end === 'detached') {
      throw cancelledBy(
        options.signal,
        `its runs go on; the same command watches them, looplab sweep cancel ${plan.id} stops them`,
      );
    }
    if (end === 'cancelled') {
      throw cancelledBy(options.signal, `sweep ${plan.id} was stopped; the same command goes on`);
    }
    return result;
  } finally {
    watch.end();
    await launcher.close();
    folder.close();
  }
}

/** Workers and threads such that the cores are used: many small runs at a time, or few with several threads. */
export function shareOf(
  plan: SweepPlan,
  { workers, threads }: Pick<SweepOptions, 'workers' | 'threads'>,
): { workers: number; threads: number } {
  const cores = availableParallelism();
  const { search, runsPerPoint } = plan;
  const most = Math.min(cores, Math.max(1, search.trials * runsPerPoint), search.parallel * runsPerPoint);
  const w = workers ?? Math.max(1, threads === undefined ? most : Math.min(most, Math.floor(cores / threads)));
  return { workers: w, threads: threads ?? Math.max(1, Math.floor(cores / w)) };
}

/**
 * The program of a run's process; beside this file, built or not. A run of one thread has one core: the threads with which V8 collects
 * garbage would take from the next run's (`bench/README.md` has the numbers).
 */
function workerCommand(threads: number): string[] {
  const name = import.meta.filename.endsWith('.ts') ? 'worker.ts' : 'worker.js';
  return [process.execPath, ...(threads === 1 ? ['--single-threaded-gc'] : []), join(import.meta.dirname, name)];
}
