// A chart that grows while runs train.
import { type CurveOptions, learningCurves, readRun } from '@looplab/figures';
import type { Callback } from '@looplab/train';
import { type BundleOptions, bundlesOf } from './bundle.ts';
import { type Host, hostOf } from './hosts/host.ts';

export interface LiveCurvesOptions extends CurveOptions, BundleOptions {
  /** Where to show it; default the kernel that runs the notebook. */
  readonly host?: Host;
}

/**
 * A callback of training that draws the curves of all its runs into one output, anew after every evaluation.
 *
 * @example
 * const live = liveCurves();
 * await runStudy({ study, callbacks: () => [live] });
 */
export function liveCurves({ host = hostOf(), ...options }: LiveCurvesOptions = {}): Callback {
  const dirs = new Set<string>();
  let put: ReturnType<Host> | undefined;
  return {
    name: 'liveCurves',
    onStart: ({ dir }) => void dirs.add(dir),
    onEval: async () => {
      put ??= host();
      const runs = [...dirs].map(readRun).filter((run) => run.evals.length > 0);
      for (const bundle of await bundlesOf(learningCurves(runs, options), options)) await put(bundle);
    },
  };
}
