// Which run a plan is: its id, and the identity of the code that computes it.
import { strategies } from '@looplab/core';
import { objectives } from '@looplab/objectives';
import { tasks } from '@looplab/tasks';
import { codeId, runId } from './runId.ts';
import type { RunPlan } from './runPlan.ts';

/** What a run is known by. */
export interface RunIdentity {
  readonly id: string;
  readonly code: string;
}

/**
 * @param options.source the study's file: it is part of the code where the study brings plug-ins of its own
 * @param options.code identity of the code instead of the one that is computed
 */
export function identifyRun(
  plan: RunPlan,
  options: { readonly source?: string | undefined; readonly code?: string | undefined } = {},
): RunIdentity {
  const sources = options.source !== undefined && isHomeMade(plan) ? [options.source] : [];
  const code = options.code ?? codeId(sources);
  return { id: runId(plan.config, code), code };
}

/** Whether a plug-in of the plan is not one of the packages', so that their sources do not say what it does. */
export function isHomeMade({ strategy, objective, task, stages }: RunPlan): boolean {
  return (
    !strategies.some((s) => s.id === strategy.id) ||
    !objectives.some((o) => o.id === objective.id) ||
    !(task.name in tasks) ||
    stages.some((s) => s.rewrite !== undefined)
  );
}
