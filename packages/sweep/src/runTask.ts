// Carries out one run of a sweep: finds its study, trains it as far as it is wanted, and says how it ended.
import { execFileSync } from 'node:child_process';
import { useDevice } from '@looplab/engine';
import {
  type Callback,
  CancelledError,
  DivergedError,
  failureCause,
  identifyRun,
  planFromConfig,
  RunLockedError,
  type RunPlan,
  readEvaluations,
  readJson,
  readStatus,
  resolveRuns,
  sameRun,
  trainRun,
} from '@looplab/train';
import { SweepError } from './errors.ts';
import type { MetricName } from './plan/metric.ts';
import { studyIn } from './plan/studyIn.ts';
import { curveOf, stopStep, verdictOn, type Want } from './plan/verdict.ts';
import { withRunFolder } from './store/withRunFolder.ts';

/** What a process is told about its run: `tasks/<run>.json` in the sweep's folder. */
export interface TaskFile extends Want {
  readonly run: string;
  readonly code: string;
  /** Absolute path of the run's folder. */
  readonly dir: string;
  /** The study's file; null where the configuration says everything. */
  readonly source: string | null;
  readonly scale: string | null;
  readonly overrides: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
  readonly metric: MetricName;
  readonly device: 'onnx' | 'cpu' | 'tensorflow';
  readonly threads: number;
}

/** How a process ends. 42 is for a failure that the same run would meet again; 75 asks for another start. */
export const exits = { done: 0, infra: 1, user: 42, preempted: 75, cancelled: 143 } as const;

/** Trains the run that the file at `path` names, as far as it is wanted, and returns the exit code. */
export async function runTask(path: string): Promise<number> {
  const task = readJson(path) as TaskFile | undefined; // written by the driver
  if (task === undefined) {
    // a power cut may have emptied it; the driver writes it anew with the next start
    console.error(`there is no task ${path}, or it is damaged; the sweep's driver writes it`);
    return exits.infra;
  }
  const stop = new AbortController();
  const end = (why: string, code: number, status: 'cancelled' | 'preempted'): void =>
    stop.abort(new CancelledError(why, code, status));
  process.on('SIGTERM', () => {
    if (stop.signal.aborted) process.exit(exits.cancelled);
    end('stopped by SIGTERM', exits.cancelled, 'cancelled');
  });
  // Slurm sends it before the time is up or the place is taken; SIGUSR1 would start Node's debugger.
  process.on('SIGUSR2', () => end('preempted by SIGUSR2', exits.preempted, 'preempted'));
  process.on('disconnect', () => end('preempted, as the driver of the sweep is gone', exits.preempted, 'preempted'));
  try {
    await carryOut(task, stop);
    return exits.done;
  } catch (error) {
    return ended(task, error);
  }
}

async function carryOut(task: TaskFile, stop: AbortController): Promise<void> {
  if (verdictOn(task.dir, task, task.metric) !== undefined) return;
  const plan = await planOf(task);
  await useDevice({ kind: task.device, threads: task.threads });
  const { options } = plan;
  const { code, dir, overrides } = task;
  await trainRun({ ...options, code, dir, overrides, callbacks: [upTo(task, stop)], signal: stop.signal });
}

/** @throws SweepError if the study has changed since the sweep was planned */
async function planOf(task: TaskFile): Promise<RunPlan> {
  if (task.source === null) return planFromConfig(task.config);
  const study = await studyIn(task.source);
  const scale = task.scale === null ? {} : { scale: task.scale };
  const plans = resolveRuns(study, { ...scale, overrides: task.overrides });
  const found = plans.find(
    (plan) => identifyRun(plan, { code: task.code }).id === task.run && sameRun(plan.config, task.config),
  );
  if (found) return found;
  throw new SweepError(`${task.source} has changed since the sweep began: run ${task.run} is not in it; sweep it anew`);
}

/** Stops the run where it is not wanted any further. */
function upTo(task: TaskFile, stop: AbortController): Callback {
  let curve: (readonly [number, number])[] = [];
  const look = (): void => {
    const at = stopStep(curve, { ...(task.limits === undefined ? {} : { limits: task.limits }) });
    if (at !== undefined) stop.abort(new CancelledError('pruned by the median rule', 0, 'pruned'));
  };
  return {
    name: 'upTo',
    onStart: ({ dir }) => {
      curve = curveOf(readEvaluations(dir), task.metric);
    },
    onStep: ({ step }) => {
      if (task.until !== undefined && step >= task.until) {
        stop.abort(new CancelledError('the rung ends', 0, 'pruned'));
      }
    },
    onEval: (record) => {
      curve = [...curve, ...curveOf([record], task.metric)];
      look();
    },
  };
}

function ended(task: TaskFile, error: unknown): number {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CancelledError) {
    console.error(message);
    if (error.status === 'preempted') requeue();
    return error.exitCode;
  }
  if (error instanceof RunLockedError) {
    console.error(message);
    return exits.preempted;
  }
  console.error(error instanceof Error ? (error.stack ?? message) : message);
  const cause = failureCause(error);
  noteFailure(task, message, cause);
  if (error instanceof DivergedError) return exits.done;
  return cause === 'user' ? exits.user : exits.infra;
}

/** Says in the run's folder why it failed, where training did not get far enough to say so. */
function noteFailure(task: TaskFile, error: string, cause: 'user' | 'infra'): void {
  const status = readStatus(task.dir);
  if (status && status.status !== 'queued' && status.status !== 'running') return;
  const { step = 0, steps = 0 } = status ?? {};
  try {
    withRunFolder(task.dir, (folder) => {
      folder.event('failed', { step, error });
      folder.writeStatus({ status: 'failed', step, steps, error, cause });
    });
  } catch {
    // the exit code says it too
  }
}

/** Under Slurm, asks for another start of the same job, which goes on from the checkpoint. */
function requeue(): void {
  const job = process.env.SLURM_JOB_ID;
  if (job === undefined) return;
  try {
    execFileSync('scontrol', ['requeue', job], { stdio: ['ignore', 'inherit', 'inherit'] });
  } catch {
    console.error(`scontrol could not requeue job ${job}; the driver of the sweep submits the run again`);
  }
}
