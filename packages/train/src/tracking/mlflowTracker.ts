// Shows a run at an MLflow server while it trains.
import {
  type ExperimentChoice,
  experimentFromEnvironment,
  followRun,
  type MlflowSettings,
  type RunFollower,
  settingsFromEnvironment,
} from '@looplab/mlflow';
import { noTracker } from './noTracker.ts';
import type { Tracker } from './tracker.ts';

export interface MlflowTrackerOptions {
  readonly settings: MlflowSettings;
  readonly experiment?: ExperimentChoice;
  /** Told in a line when the server fails (`lost`) and when it has everything again (`back`). */
  readonly report?: (line: string, what: 'lost' | 'back') => void;
}

/** Streams to a server. While it is away the run folder keeps what it misses; `looplab mlflow sync` sends what is left at the end. */
export function mlflowTracker({ settings, ...options }: MlflowTrackerOptions): Tracker {
  let follower: RunFollower | undefined;
  return {
    name: 'mlflow',
    start({ dir }) {
      follower = followRun(dir, { http: settings, ...options });
      follower.changed();
    },
    log() {
      follower?.changed();
    },
    async finish() {
      await follower?.finish();
    },
  };
}

/**
 * The tracker that the MLFLOW_* variables ask for: a server's, or none without MLFLOW_TRACKING_URI. An address that cannot be used
 * is reported and nothing is tracked: what is set for other programs must not keep a run from training.
 */
export function trackerFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  report: NonNullable<MlflowTrackerOptions['report']>,
): Tracker {
  try {
    const settings = settingsFromEnvironment(env);
    if (settings === undefined) return noTracker;
    return mlflowTracker({ settings, experiment: experimentFromEnvironment(env), report });
  } catch (error) {
    report(`${error instanceof Error ? error.message : String(error)}. The run is not tracked.`, 'lost');
    return noTracker;
  }
}
