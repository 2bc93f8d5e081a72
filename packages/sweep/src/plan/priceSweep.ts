// What a sweep costs here: its plan, and the time that a measured update stands for.
import { type SweepOptions, shareOf } from '../sweep.ts';
import { estimateSweep, type SweepEstimate, timed, typicalRun } from './estimate.ts';
import { measureStep } from './measureStep.ts';
import type { SweepPlan } from './sweepPlan.ts';

export interface PriceOptions extends Pick<SweepOptions, 'results' | 'device' | 'workers' | 'threads'> {
  /** Whether a few updates are made to tell how long it takes; default true. */
  readonly isMeasured?: boolean;
}

/**
 * Lists the runs of a plan with what is left of each, and measures what an update takes on this machine; runs nothing of the sweep.
 * @throws as the sweep would before its first run
 */
export async function priceSweep(plan: SweepPlan, options: PriceOptions = {}): Promise<SweepEstimate> {
  const { results = 'results', device = 'onnx', isMeasured = true } = options;
  const shares = shareOf(plan, options);
  const estimate = estimateSweep(plan, { results, ...shares });
  const typical = typicalRun(plan);
  if (!isMeasured || typical === undefined || estimate.flops === 0) return estimate;
  return timed(estimate, await measureStep(typical, { device, threads: shares.threads }));
}
