// What shows a run elsewhere while it trains, such as an MLflow server.
import type { EvalRecord, RunStatus, TrainRecord } from '../runFolder.ts';

/** A run that is about to be tracked. */
export interface TrackedRun {
  readonly runId: string;
  /** Its folder, in which everything that a tracker is told stands already. */
  readonly dir: string;
  /** `config.json`: the hyperparameters. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Updates that were already made when this process took the run up. */
  readonly startStep: number;
}

/** How a run ended. */
export interface TrackedEnd {
  readonly status: RunStatus;
  readonly step: number;
  /** The last evaluation in this process. */
  readonly summary: EvalRecord | undefined;
}

/**
 * Follows one run. The run's folder is the truth and a tracker a view of it: it is told of each record after the record was
 * written, and one that lost its server catches up from the folder. `start` and `log` must return at once; files are whatever
 * lies under the folder's `artifacts/` when the run ends.
 */
export interface Tracker {
  readonly name: string;
  start(run: TrackedRun): void;
  /** A line of `metrics.jsonl`. */
  log(record: TrainRecord | EvalRecord): void;
  /** Once, however the run ended. The process waits for it, so it must not take long. */
  finish(end: TrackedEnd): Promise<void>;
}
