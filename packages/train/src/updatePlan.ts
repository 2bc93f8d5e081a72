// How each update is made: the depth and hyper-parameters that the strategy's schedule sets, and what they cost.
import { flops, fold, key, type Plan, repeatableSteps, trainingPlans } from '@looplab/core';
import { StudyError } from './errors.ts';
import type { ResolvedStage, RunPlan } from './runPlan.ts';

/** One update, apart from its data. */
export interface UpdateDepth {
  readonly loops: number;
  /** Values for `ctx.hp`. */
  readonly hp: Readonly<Record<string, number>>;
}

/** A trajectory of an update: its plan, and how many leading steps are made by calls of their own. */
export interface Trajectory {
  readonly plan: Plan;
  readonly leading: number;
}

/**
 * Depth and hyper-parameters of the update after `step` others, counted over all stages: a pure function of the run's
 * seed, so that a run that goes on takes the same.
 * @throws StudyError if the strategy's schedule says something that cannot be run
 */
export function updateDepth({ model, strategy, seed, steps }: RunPlan, step: number): UpdateDepth {
  const chance = fold(fold(key(seed), 'schedule'), step);
  const { loops = model.loops, hp = {} } = strategy.schedule?.({ step, steps, key: chance, config: model }) ?? {};
  const fail = (what: string): never => {
    throw new StudyError(`strategy ${strategy.id}: schedule() set ${what} for update ${step} of ${steps}`);
  };
  if (!Number.isInteger(loops) || loops < 1) fail(`loops to ${loops}, which must be a whole number >= 1,`);
  for (const [name, x] of Object.entries(hp))
    if (!Number.isFinite(x)) fail(`hp.${name} to ${x}, which must be a finite number,`);
  return { loops, hp };
}

/** The trajectories of an update, split where gradient begins. */
export function trajectoriesOf(
  { model, strategy }: Pick<RunPlan, 'model' | 'strategy'>,
  { objective, rewrite, carry }: Pick<ResolvedStage, 'objective' | 'rewrite' | 'carry'>,
  depth: UpdateDepth,
): Trajectory[] {
  // What was read out, rewritten or carried must be in the one graph of the update.
  const whole = objective.readouts === 'all' || rewrite !== undefined || carry === 'rows';
  const plans = trainingPlans(model, strategy, depth);
  return plans.map((plan) => ({ plan, leading: whole ? 0 : repeatableSteps(strategy, plan) }));
}

/** Counted matrix-multiplication FLOPs of one update in a stage. */
export function updateFlops(plan: RunPlan, stage: ResolvedStage, depth: UpdateDepth): number {
  const { model, strategy, task } = plan;
  const { objective, train } = stage;
  return flops(model, strategy, {
    ...{ batch: train.batch, seq: task.seq, train: true, ...depth, readouts: objective.readouts },
    jacobian: objective.needs.includes('jacobian'),
    begun: trajectoriesOf(plan, stage, depth).some((t) => t.leading > 0),
  });
}
