// One run from configuration to finished folder: new, gone on with, or found finished.
import { countParams, paramSpecs } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Callback } from './callback.ts';
import { recoverNewest } from './checkpoint.ts';
import { CancelledError, DivergedError, failureCause, RunFolderError } from './errors.ts';
import { readJsonLines } from './jsonLines.ts';
import { describeOrigin, type Manifest } from './manifest.ts';
import { type EvalRecord, RunFolder, type RunStatus, readJson, readStatus } from './runFolder.ts';
import { codeId, runId } from './runId.ts';
import { planRun, type RunOptions, type RunPlan } from './runPlan.ts';
import { trackerFromEnvironment } from './tracking/mlflowTracker.ts';
import type { Tracker } from './tracking/tracker.ts';
import { trackRun } from './tracking/trackRun.ts';
import { type LoopResult, trainLoop } from './trainLoop.ts';

export interface TrainRunOptions extends RunOptions {
  /** The run's folder; made if needed, gone on with if it holds this run. */
  readonly dir: string;
  /** What the user typed to change the study; kept in `overrides.json`. */
  readonly overrides?: readonly string[];
  readonly callbacks?: readonly Callback[];
  /** Shows the run elsewhere while it trains. Default: the MLflow server of MLFLOW_TRACKING_URI, if that is set. */
  readonly tracker?: Tracker;
  /** Aborting it ends the run after the current step, with its state saved. */
  readonly signal?: AbortSignal;
  /**
   * Identity of the code, part of the run id. Default: {@link codeId}. Give the one in a run's manifest to go on with a run
   * after the code changed, if you know that the change does not matter to it.
   */
  readonly code?: string;
}

/** A finished run. */
export interface RunResult {
  readonly runId: string;
  readonly dir: string;
  readonly plan: RunPlan;
  /** Number of parameters. */
  readonly params: number;
  /** The evaluation at the end. */
  readonly evaluation: EvalRecord;
  /** Seconds of work since step 0, over all processes. */
  readonly seconds: number;
  readonly tokens: number;
  /** Counted FLOPs of training. */
  readonly flops: number;
  /** True if the folder held the finished run already and nothing was computed. */
  readonly isCached: boolean;
}

/**
 * Trains a model and leaves a run folder. If the folder holds this run unfinished, it goes on from the newest good
 * checkpoint, with the same numbers as without the interruption; if it is finished, its result is returned.
 * @throws StudyError, ConfigError, StrategyError, ObjectiveError before anything is written;
 * RunLockedError, RunFolderError; DivergedError with status `diverged`; CancelledError with status `cancelled`
 */
export async function trainRun(options: TrainRunOptions): Promise<RunResult> {
  const { dir, overrides = [], signal, code = codeId() } = options;
  const plan = planRun(options);
  const params = countParams(paramSpecs(plan.model, plan.strategy));
  const id = runId(plan.config, code);
  const known = knownRun(dir, id);
  const result = (end: LoopResult, isCached: boolean): RunResult => ({
    runId: id,
    dir,
    plan,
    params,
    ...end,
    isCached,
  });
  if (known !== undefined) return result(known, true);

  const folder = new RunFolder(dir);
  const note = (line: string): void => attempt(() => folder.log(line));
  const warn = (line: string): void => {
    note(line);
    process.emitWarning(line, 'TrackingWarning');
  };
  const tell = (line: string, what: 'lost' | 'back'): void => (what === 'lost' ? warn(line) : note(line));
  const tracker = options.tracker ?? trackerFromEnvironment(process.env, tell);
  const callbacks = [...(options.callbacks ?? []), trackRun(tracker, warn)];
  let step = 0;
  const status = (status: RunStatus, failure: { error?: string; cause?: 'user' | 'infra' } = {}): void =>
    folder.writeStatus({ status, step, steps: plan.steps, ...failure });
  const train = async (): Promise<LoopResult> => {
    const from = recoverNewest(folder.checkpoints, (error) => {
      folder.event('damaged checkpoint', { error: error.message });
      folder.log(`${error.message}; going back to an earlier one`);
    });
    step = from?.step ?? 0;
    folder.rewindMetrics(step);
    const device = tf.getBackend();
    if (from === undefined) {
      folder.writeJson('config.json', plan.config);
      folder.writeJson('overrides.json', overrides);
      folder.writeJson('manifest.json', describeOrigin({ runId: id, codeId: code, seed: plan.seed, params, device }));
    }
    folder.event(from ? 'resumed' : 'started', { step, pid: process.pid, device, node: process.version });
    folder.log(`${from ? `going on from step ${step}` : 'started'} of ${plan.steps}, run ${id}, ${params} parameters`);
    status('running');
    for (const c of callbacks) await c.onStart?.({ runId: id, dir, plan, startStep: step });
    const end = await trainLoop({ plan, folder, callbacks, signal, from, onStep: (n) => (step = n) });
    folder.event('finished', { ...end });
    folder.log(`finished: held-out loss ${end.evaluation.loss.toFixed(4)}, ${end.seconds.toFixed(1)} s`);
    status('finished');
    return end;
  };
  try {
    const end = await train().catch(async (error: unknown) => {
      const ended = statusOf(error);
      const [message, detail] = error instanceof Error ? [error.message, error.stack] : [String(error), undefined];
      attempt(() => folder.log(`${ended}: ${detail ?? message}`));
      attempt(() => folder.event(ended, { step, error: message }));
      const cause = ended === 'failed' ? { cause: failureCause(error) } : {};
      attempt(() => status(ended, { error: message, ...cause }));
      for (const c of callbacks) await c.onEnd?.({ status: ended, step, error });
      throw error;
    });
    for (const c of callbacks) await c.onEnd?.({ status: 'finished', step });
    return result(end, false);
  } finally {
    folder.close();
  }
}

/** The result of a run that is over; undefined if there is something to do. */
function knownRun(dir: string, id: string): LoopResult | undefined {
  const manifest = readJson(`${dir}/manifest.json`) as Manifest | undefined; // written by trainRun
  if (manifest === undefined) return undefined;
  if (manifest.runId !== id) {
    throw new RunFolderError(
      `${dir} holds run ${manifest.runId}, but this configuration on this code is run ${id}; choose another folder`,
    );
  }
  const status = readStatus(dir);
  if (status?.status === 'diverged') {
    throw new DivergedError(`${status.error ?? 'the run diverged'} (found in ${dir}; delete that folder to try again)`);
  }
  if (status?.status !== 'finished') return undefined;
  const record = readJsonLines(`${dir}/events.jsonl`).findLast((r) => r.event === 'finished');
  if (record === undefined) return undefined;
  const { evaluation, seconds, tokens, flops } = record as unknown as LoopResult; // written by trainRun
  return { evaluation, seconds, tokens, flops };
}

function statusOf(error: unknown): RunStatus {
  if (error instanceof DivergedError) return 'diverged';
  if (error instanceof CancelledError) return error.status;
  return 'failed';
}

/** For notes about an error that must reach the caller whatever happens to the notes, e.g. on a full disk. */
function attempt(note: () => void): void {
  try {
    note();
  } catch {
    // the first error is thrown
  }
}
