// Runs a study's runs one after the other, skips those that are finished, and writes what came out.
import { join } from 'node:path';
import { writeJsonAtomic } from './atomicFile.ts';
import type { Callback } from './callback.ts';
import { CancelledError, DivergedError, RunFolderError } from './errors.ts';
import { identifyRun } from './identifyRun.ts';
import { listenForInterrupt } from './interrupt.ts';
import { clock, type ProgressOutput, progressOn, silent } from './progress.ts';
import { type ResolveOptions, resolveRuns } from './resolveRuns.ts';
import type { RunStatus } from './runFolder.ts';
import type { RunPlan } from './runPlan.ts';
import { showProgress } from './showProgress.ts';
import type { Study } from './study.ts';
import { type RunResult, trainRun } from './trainRun.ts';

export interface RunStudyOptions extends ResolveOptions {
  readonly study: Study;
  /** Folder under which `<study>/<run id>/` is made. Default `results`. */
  readonly results?: string;
  /** Where progress goes, such as `process.stderr`; nothing is shown without it. */
  readonly output?: ProgressOutput;
  /** Callbacks for each run. */
  readonly callbacks?: (plan: RunPlan) => readonly Callback[];
  /** Stops the study after the current step. Default: SIGINT and SIGTERM do. */
  readonly signal?: AbortSignal;
  /** The study's file. If the study brings plug-ins of its own, it becomes part of the run ids. */
  readonly source?: string;
  /** Identity of the code instead of the one that is computed; as `code` of `trainRun`. */
  readonly code?: string;
}

/** One run in a summary. Values of a run that did not finish are left out. */
export interface RunSummary {
  readonly runId: string;
  readonly variant?: string;
  readonly strategy: string;
  readonly objective: string;
  readonly layers: number;
  readonly loops: number;
  readonly seed: number;
  readonly status: RunStatus;
  readonly error?: string;
  /** Number of parameters. */
  readonly params?: number;
  readonly accuracy?: number;
  readonly loss?: number;
  readonly accuracyPerLoop?: readonly number[];
  readonly lossPerLoop?: readonly number[];
  readonly exitDistribution?: readonly number[];
  readonly expectedLoops?: number;
  readonly bitsPerByte?: number;
  readonly seconds?: number;
  readonly tokens?: number;
  readonly flops?: number;
}

/** `summary.json`. */
export interface StudySummary {
  readonly study: string;
  readonly scale: string | null;
  readonly overrides: readonly string[];
  /** Accuracy of guessing. */
  readonly chance: number;
  readonly metric: string;
  /** In the order of {@link resolveRuns}; a study that was stopped lists the runs it got to. */
  readonly runs: readonly RunSummary[];
}

/**
 * Runs a study into `<results>/<study>/<run id>/` and writes `<results>/<study>/summary.json` (`summary-<scale>.json` at a scale) after each run. A run that
 * fails or diverges is reported at once and does not keep the others from running: look at `status` in the summary.
 * @throws StudyError, OverrideError, ... before anything is written; CancelledError when stopped; RunFolderError when
 * results cannot be written, as the next run's could not either
 */
export async function runStudy(options: RunStudyOptions): Promise<StudySummary> {
  const { study, results = 'results', output, callbacks, scale, overrides = [] } = options;
  const plans = resolveRuns(study, options);
  const folder = join(results, study.name);
  const planned = plans.map((plan) => ({ plan, ...identifyRun(plan, options) }));
  const write = (text: string): void => void output?.write(`${text}\n`);
  const own = options.signal ? undefined : listenForInterrupt((name) => write(`${name}: finishing the current step`));
  const signal = options.signal ?? own?.signal;
  const runs: RunSummary[] = [];
  const summary = (): StudySummary => {
    const [first] = plans;
    const task = { chance: first?.task.chance ?? 0, metric: first?.task.metric ?? 'accuracy' };
    return { study: study.name, scale: scale ?? null, overrides, ...task, runs };
  };
  try {
    for (const [i, { plan, code, id }] of planned.entries()) {
      if (signal?.aborted)
        throw new CancelledError(`stopped before run ${i + 1} of ${planned.length}`, exitCodeOf(signal));
      const label = labelOf(plan, planned.length > 1 ? `[${i + 1}/${planned.length}] ` : '');
      const dir = join(folder, id);
      const progress = output ? progressOn(label, output) : silent;
      const hooks = [showProgress(progress), ...(callbacks?.(plan) ?? [])];
      const watched = signal ? { signal } : {};
      try {
        const result = await trainRun({ ...plan.options, dir, overrides, code, callbacks: hooks, ...watched });
        runs.push(finished(result));
        write(`${label}: ${resultLine(result)}`);
      } catch (error) {
        if (error instanceof CancelledError || error instanceof RunFolderError) throw error;
        const message = error instanceof Error ? error.message : String(error);
        const status = error instanceof DivergedError ? 'diverged' : 'failed';
        runs.push({ ...describe(id, plan), status, error: message });
        write(`${label}: ${message}`);
      } finally {
        progress.end();
      }
      writeJsonAtomic(join(folder, atScale('summary.json', scale)), summary());
    }
  } finally {
    own?.restore();
  }
  return summary();
}

/** The name of a file that a study leaves beside its runs; a scale has its own, so that it hides nothing of the full study. */
export function atScale(file: string, scale: string | undefined): string {
  return scale === undefined ? file : file.replace(/(?=\.[^.]+$)/, `-${scale}`);
}

function exitCodeOf({ reason }: AbortSignal): number | undefined {
  return reason instanceof CancelledError ? reason.exitCode : undefined;
}

function describe(id: string, plan: RunPlan): Omit<RunSummary, 'status'> {
  const { variant, strategy, objective, model, seed } = plan;
  return {
    runId: id,
    ...(variant === undefined ? {} : { variant }),
    strategy: strategy.id,
    objective: objective.id,
    layers: model.layers,
    loops: model.loops,
    seed,
  };
}

function finished({ runId: id, plan, params, evaluation, seconds, tokens, flops }: RunResult): RunSummary {
  const { step: _s, time: _t, kind: _k, ...scores } = evaluation;
  return { ...describe(id, plan), status: 'finished', params, ...scores, seconds, tokens, flops };
}

function labelOf(plan: RunPlan, count: string): string {
  return `${count}${plan.variant ?? plan.study} seed ${plan.seed}`;
}

function resultLine({ evaluation, seconds, isCached }: RunResult): string {
  const { accuracy, bitsPerByte } = evaluation;
  const score = bitsPerByte === undefined ? `accuracy ${accuracy.toFixed(3)}` : `${bitsPerByte.toFixed(3)} bits/byte`;
  return `${score}, ${isCached ? 'finished before' : clock(seconds)}`;
}
