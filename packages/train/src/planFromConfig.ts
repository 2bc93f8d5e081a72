// A run from its own `config.json`: what a process needs that is handed one run of a study.
import { strategyById } from '@looplab/core';
import { objectiveById } from '@looplab/objectives';
import { taskById } from '@looplab/tasks';
import canonicalize from 'canonicalize';
import { StudyError } from './errors.ts';
import { planRun, type RunOptions, type RunPlan, type StageOptions } from './runPlan.ts';

/** The parts of a configuration that planRun wrote; each is checked by its own schema when the plan is made. */
interface Config {
  readonly study: string;
  readonly variant?: string;
  readonly strategy: { readonly id: string };
  readonly objective: { readonly id: string };
  readonly task: { readonly name: string };
  readonly model: RunOptions['model'];
  readonly train: RunOptions['train'];
  readonly stages?: readonly StageOptions[];
  readonly seed: number;
}

/**
 * The run that a configuration describes, made of the packages' own plug-ins.
 * @throws StudyError if the configuration does not say everything, as with a task that reads files, a stage that rewrites its
 * batches, or a plug-in of the study's own; ConfigError and the plug-ins' errors for what is not known here
 */
export function planFromConfig(config: Readonly<Record<string, unknown>>): RunPlan {
  const { study, variant, model, train, stages, seed, ...plugins } = config as unknown as Config; // see above
  const { id: strategy, ...strategyOptions } = plugins.strategy;
  const { id: objective, ...objectiveOptions } = plugins.objective;
  const { name: task, ...taskOptions } = plugins.task;
  const plan = planRun({
    study,
    ...(variant === undefined ? {} : { variant }),
    strategy: strategyById(strategy, strategyOptions),
    objective: objectiveById(objective, objectiveOptions),
    task: taskById(task, taskOptions),
    model,
    train,
    ...(stages === undefined ? {} : { stages }),
    seed,
  });
  if (canonicalize(plan.config) !== canonicalize(config)) {
    throw new StudyError(`the configuration of this run does not describe it fully; run it from the file of ${study}`);
  }
  return plan;
}
