// Lets a tracker follow a training run, which it can neither fail nor hold up.
import type { Callback } from '../callback.ts';
import type { EvalRecord } from '../runFolder.ts';
import { compositeTracker } from './compositeTracker.ts';
import type { Tracker } from './tracker.ts';

/**
 * A callback that tells `tracker` of a run.
 * @param report told in a line if the tracker throws; the run goes on
 */
export function trackRun(tracker: Tracker, report: (line: string) => void): Callback {
  const guarded = compositeTracker([tracker], report);
  let summary: EvalRecord | undefined;
  return {
    name: `tracker ${tracker.name}`,
    onStart: ({ runId, dir, plan, startStep }) => guarded.start({ runId, dir, config: plan.config, startStep }),
    onLog: (record) => guarded.log(record),
    onEval: (record) => {
      summary = record;
      guarded.log(record);
    },
    onEnd: ({ status, step }) => guarded.finish({ status, step, summary }),
  };
}
