// What a run will cost, before it is run.
import type { ResolvedStage, RunPlan } from './runPlan.ts';
import { updateDepth, updateFlops } from './updatePlan.ts';

/** Counts the FLOPs of updates of one stage; updates of equal depth are counted once. */
export function flopCounter(plan: RunPlan, stage: ResolvedStage): (step: number) => number {
  const known = new Map<string, number>();
  return (step) => {
    const depth = updateDepth(plan, step);
    const kind = JSON.stringify(depth);
    const count = known.get(kind) ?? updateFlops(plan, stage, depth);
    known.set(kind, count);
    return count;
  };
}

/**
 * Counted matrix-multiplication FLOPs of all updates of a run, each at the depth that the strategy's schedule gives it; its
 * evaluations are not counted.
 */
export function planFlops(plan: RunPlan): number {
  let step = 0;
  let sum = 0;
  for (const stage of plan.stages) {
    const count = flopCounter(plan, stage);
    if (!plan.strategy.schedule) {
      sum += stage.train.steps * count(step);
      step += stage.train.steps;
      continue;
    }
    for (const end = step + stage.train.steps; step < end; step++) sum += count(step);
  }
  return sum;
}
