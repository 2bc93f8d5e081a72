// Everything that decides what a run computes, resolved, and its description as plain JSON.
import {
  isTrainable,
  type ModelConfig,
  type ModelOptions,
  modelConfig,
  type Stage,
  type Strategy,
} from '@looplab/core';
import { assertFits, type Objective, objectiveById } from '@looplab/objectives';
import type { Task } from '@looplab/tasks';
import { StudyError } from './errors.ts';
import { type TrainConfig, type TrainOptions, trainConfig } from './trainConfig.ts';

/** Training settings a stage may change. */
type StageTrainOptions = Partial<
  Pick<TrainOptions, 'lr' | 'warmup' | 'schedule' | 'minLrRatio' | 'weightDecay' | 'clipNorm'>
>;

/** A stage of training as a study gives it: a strategy's stage, and settings that differ in it. */
export interface StageOptions extends Partial<Stage> {
  readonly name: string;
  readonly train?: StageTrainOptions;
}

/** A stage with nothing left open. */
export interface ResolvedStage {
  readonly name: string;
  readonly objective: Objective;
  /** Settings of this stage; `steps` are its own. */
  readonly train: TrainConfig;
  /** Which parameters move: those the stage names and the objective's gradients reach. */
  readonly trains: (name: string) => boolean;
  readonly trainable: Stage['trainable'];
  readonly rewrite: Stage['rewrite'];
  /** Whether states outlive updates, each row until the strategy renews it. */
  readonly carry: Stage['carry'];
}

/** A model as a study gives it; the task brings the vocabulary. */
export type StudyModel = Omit<ModelOptions, 'vocab'> & { readonly vocab?: number };

/** A run as a study gives it. */
export interface RunOptions {
  readonly study?: string;
  /** Name of the arm of the study, for tables and charts. */
  readonly variant?: string;
  readonly task: Task;
  readonly model: StudyModel;
  readonly strategy: Strategy;
  readonly objective: Objective;
  readonly train: TrainOptions;
  /** Default: one stage with the study's objective, in which everything trains and rows are carried if the strategy says so. */
  readonly stages?: readonly StageOptions[];
  readonly seed: number;
}

/** A run with every default filled in and every part checked against the others. */
export interface RunPlan {
  /** What it was made from. */
  readonly options: RunOptions;
  readonly study: string;
  readonly variant: string | undefined;
  readonly task: Task;
  readonly model: ModelConfig;
  readonly strategy: Strategy;
  readonly objective: Objective;
  readonly train: TrainConfig;
  readonly stages: readonly ResolvedStage[];
  readonly seed: number;
  /** Updates over all stages. */
  readonly steps: number;
  /** `config.json`: plain JSON that decides the run id. */
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * Fills in defaults and checks that task, model, strategy and objectives go together.
 * @throws StudyError, ConfigError, StrategyError, ObjectiveError
 */
export function planRun(options: RunOptions): RunPlan {
  const { study = 'untitled', variant, task, strategy, objective, seed } = options;
  if (!Number.isSafeInteger(seed) || seed < 0) throw new StudyError(`seed must be a whole number >= 0 (got ${seed})`);
  const model = modelConfig({ ...options.model, vocab: options.model.vocab ?? task.vocab });
  if (model.vocab < task.vocab) {
    throw new StudyError(
      `model.vocab is ${model.vocab}, but task ${task.name} has ${task.vocab} symbols; leave it out`,
    );
  }
  if (model.maxSeq < task.seq) {
    throw new StudyError(
      `model.maxSeq is ${model.maxSeq}, but rows of task ${task.name} have ${task.seq} symbols; raise it`,
    );
  }
  strategy.check?.(model);
  const train = trainConfig(options.train);
  const carry = strategy.stages.every((s) => s.carry === 'rows') ? 'rows' : 'none';
  const stages = (options.stages ?? [{ name: 'train', carry }]).map((stage) =>
    resolveStage(stage, { strategy, objective, train, task }),
  );
  if (stages.length === 0) throw new StudyError('stages is empty; leave it out for one stage that trains everything');
  const staged = options.stages === undefined ? {} : { stages: stages.map(describeStage) };
  return {
    options,
    study,
    variant,
    task,
    model,
    strategy,
    objective,
    train,
    stages,
    seed,
    steps: stages.reduce((n, s) => n + s.train.steps, 0),
    config: {
      study,
      ...(variant === undefined ? {} : { variant }),
      strategy: describePlugin(strategy),
      objective: describePlugin(objective),
      model,
      task: task.config,
      train,
      ...staged,
      seed,
    },
  };
}

function resolveStage(
  stage: StageOptions,
  run: { strategy: Strategy; objective: Objective; train: TrainConfig; task: Task },
): ResolvedStage {
  const { name, trainable = 'all', rewrite, carry = 'none' } = stage;
  const objective = stage.objective === undefined ? run.objective : objectiveFrom(stage.objective);
  assertFits(objective, run.strategy);
  if (objective.batchNeeds?.includes('chain') && !run.task.chain) {
    throw new StudyError(
      `objective ${objective.id} needs the steps of a chain of thought, which task ${run.task.name} does not have; choose a task that writes one, such as groupWords or mano`,
    );
  }
  if (carry === 'rows' && !run.strategy.renew) {
    throw new StudyError(
      `stage ${name} carries rows over updates, but strategy ${run.strategy.id} has no renew() to say when one is done; use carry: 'none'`,
    );
  }
  if (carry === 'rows' && run.train.microBatches > 1) {
    throw new StudyError(
      `stage ${name} carries rows over updates, which cannot be computed in parts (train.microBatches is ${run.train.microBatches}); set train.microBatches to 1`,
    );
  }
  const steps = stage.steps ?? run.train.steps;
  return {
    name,
    objective,
    carry,
    train: trainConfig({ ...run.train, ...stage.train, steps }),
    trains: (param) => isTrainable({ trainable }, param) && isTrainable({ trainable: objective.trains }, param),
    trainable,
    rewrite,
  };
}

function objectiveFrom({ id, ...options }: Readonly<{ id: string; [option: string]: unknown }>): Objective {
  return objectiveById(id, options);
}

function describeStage(stage: ResolvedStage): object {
  const { name, objective, train, trainable, carry } = stage;
  const { lr, warmup, schedule, minLrRatio, weightDecay, clipNorm, steps } = train;
  const settings = { lr, warmup, schedule, minLrRatio, weightDecay, clipNorm };
  const rest = carry === 'none' ? {} : { carry };
  return { name, steps, objective: describePlugin(objective), trainable, ...rest, train: settings };
}

/** `{ id, ...options }` */
function describePlugin(plugin: { id: string; options: Readonly<Record<string, unknown>> }): object {
  return { id: plugin.id, ...plugin.options };
}
