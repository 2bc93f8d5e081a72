// What a run will cost, before it is run.
import { flops } from '@looplab/core';
import type { ResolvedStage, RunPlan } from './runPlan.ts';

/** Counted matrix-multiplication FLOPs of one update in a stage. */
export function stageFlops({ model, strategy, task }: RunPlan, { objective, train }: ResolvedStage): number {
  const readouts = objective.readouts === 'all' ? model.loops : 1;
  return flops(model, strategy, { batch: train.batch, seq: task.seq, train: true, readouts });
}

/** Counted matrix-multiplication FLOPs of all updates of a run; its evaluations are not counted. */
export function planFlops(plan: RunPlan): number {
  return plan.stages.reduce((sum, stage) => sum + stage.train.steps * stageFlops(plan, stage), 0);
}
