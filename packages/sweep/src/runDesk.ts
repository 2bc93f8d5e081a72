// The driver's view of one run: what is wanted of it, where it stands, and the few files that are written about it from outside.
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  isLocked,
  makeFolder,
  planFlops,
  RunFolderError,
  readJson,
  readStatus,
  type StatusRecord,
  sameRun,
  systemReason,
} from '@looplab/train';
import { SweepError } from './errors.ts';
import type { Snapshot } from './events.ts';
import type { MetricName } from './plan/metric.ts';
import type { PlannedRun } from './plan/sweepPlan.ts';
import { type Verdict, verdictOn, type Want } from './plan/verdict.ts';
import type { TaskFile } from './runTask.ts';
import { pointText } from './space/point.ts';
import { withRunFolder } from './store/withRunFolder.ts';

/** What every run of a sweep is carried out with. */
export interface DeskContext {
  /** The study's folder under `results`. */
  readonly folder: string;
  /** The sweep's folder. */
  readonly sweepDir: string;
  readonly metric: MetricName;
  readonly source: string | undefined;
  readonly scale: string | null;
  readonly device: TaskFile['device'];
  readonly threads: number;
}

/** A lock that another machine's process left is broken when that process is known to be over and it was silent for so long. */
const SILENT_MS = 60_000;

/** One run of a sweep. */
export class RunDesk {
  readonly run: PlannedRun;
  readonly dir: string;
  /** In a few words, for people. */
  readonly label: string;
  /** Counted FLOPs of the whole run. */
  readonly flops: number;
  /** Given up by a person. */
  isPruned = false;
  /** Starts that ended without a result and without progress, in this process. */
  attempts = 0;
  readonly #context: DeskContext;

  constructor(run: PlannedRun, context: DeskContext) {
    this.run = run;
    this.#context = context;
    this.dir = resolve(context.folder, run.id);
    this.flops = planFlops(run.plan);
    const words = [pointText(run.point), run.point.variant === undefined ? run.plan.variant : undefined];
    this.label = [...words.filter((w) => w !== undefined && w !== ''), `seed ${run.plan.seed}`].join(' ');
  }

  get steps(): number {
    return this.run.plan.steps;
  }

  get status(): StatusRecord | undefined {
    return readStatus(this.dir);
  }

  /** How far it is, for people. */
  get progress(): Snapshot['running'][number] {
    const status = this.status;
    return { label: this.label, step: status?.step ?? 0, steps: this.steps, isRunning: status?.status === 'running' };
  }

  /** Whether a process may be writing the run, ours or another's. */
  get isBusy(): boolean {
    return isLocked(join(this.dir, 'run.lock'));
  }

  /** What came of it; undefined if there is something to do. */
  verdict(want: Want): Verdict | undefined {
    const verdict = verdictOn(this.dir, want, this.#context.metric);
    if (verdict !== undefined || !this.isPruned) return verdict;
    return { status: 'pruned', score: null, curve: [] };
  }

  /** The same, and sees to it that the run's status agrees where its process was ended just before it could say so. */
  settled(want: Want): Verdict | undefined {
    const verdict = this.verdict(want);
    const status = this.status?.status;
    const isOpen = isSilent(status) || status === 'preempted' || status === 'cancelled';
    if (verdict?.status === 'pruned' && isOpen && !this.isBusy) {
      this.note('pruned', { step: verdict.curve.at(-1)?.[0] ?? 0 });
    }
    return verdict;
  }

  /**
   * Writes what the run's process needs and returns the path of its task.
   * @throws RunFolderError if it cannot be written, SweepError if the folder holds another run
   */
  prepare(want: Want): string {
    const { metric, source, scale, device, threads } = this.#context;
    const { id, code, plan, overrides } = this.run;
    const known = readJson(join(this.dir, 'config.json'));
    if (typeof known === 'object' && known !== null && !sameRun(known, plan.config)) {
      throw new SweepError(`${this.dir} holds another configuration with the id ${id}; move that folder away`);
    }
    const task: TaskFile = {
      ...{ run: id, code, dir: this.dir, source: source ?? null, scale, overrides, config: plan.config },
      ...{ metric, device, threads },
      ...(want.until === undefined ? {} : { until: want.until }),
      ...(want.limits === undefined ? {} : { limits: want.limits }),
    };
    const path = this.#taskPath('json');
    writeQuickly(path, `${JSON.stringify(task)}\n`);
    const { step = 0, startedAt = new Date().toISOString() } = this.status ?? {};
    const queued: StatusRecord = {
      ...{ status: 'queued', step, steps: plan.steps, startedAt },
      updatedAt: new Date().toISOString(),
    };
    makeFolder(this.dir);
    if (known === undefined) {
      // so that the run can be listed before it begins, and where it fails to
      writeQuickly(join(this.dir, 'config.json'), `${JSON.stringify(plan.config, null, 2)}\n`);
      writeQuickly(join(this.dir, 'overrides.json'), `${JSON.stringify(overrides, null, 2)}\n`);
    }
    writeQuickly(join(this.dir, 'status.json'), `${JSON.stringify(queued, null, 2)}\n`);
    return path;
  }

  /** What a launcher knows the run's process by, for a later driver. */
  get handle(): string | undefined {
    const path = this.#taskPath('handle');
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  set handle(handle: string | undefined) {
    const path = this.#taskPath('handle');
    if (handle === undefined) rmSync(path, { force: true });
    else writeQuickly(path, handle);
  }

  /** Lets go of a lock whose process is known to be over, on another machine, where it cannot be asked. */
  breakSilentLock(): void {
    const path = join(this.dir, 'run.lock');
    const refreshed = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (refreshed !== undefined && Date.now() - refreshed > SILENT_MS) rmSync(path, { force: true });
  }

  /**
   * Says in the run's folder how it stands, on behalf of a process that could not.
   * @returns false if a process is writing the run after all
   */
  note(
    status: 'failed' | 'preempted' | 'pruned',
    facts: Partial<Pick<StatusRecord, 'step' | 'error' | 'cause'>> = {},
  ): boolean {
    const { step = this.status?.step ?? 0, error } = facts;
    return withRunFolder(this.dir, (folder) => {
      folder.event(status, { step, ...facts });
      if (error !== undefined) folder.log(`${status}: ${error}`);
      folder.writeStatus({ ...facts, status, step, steps: this.steps });
    });
  }

  #taskPath(ending: 'json' | 'handle'): string {
    return join(this.#context.sweepDir, 'tasks', `${this.run.id}.${ending}`);
  }
}

/** Whether the status is that of a process which did not get to say how it ended. */
export function isSilent(status: string | undefined): boolean {
  return status === undefined || status === 'queued' || status === 'running';
}

/** Whole or absent for every reader, but not flushed: what is lost in a power cut is written anew by the next start. */
function writeQuickly(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new RunFolderError(`cannot write ${path}: ${systemReason(error)}`, { cause: error });
  }
}
