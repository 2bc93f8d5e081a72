// Every strategy of the registry as an arm of a study, at equal parameters and equal training FLOPs.
import {
  countParams,
  fixedLoops,
  flops,
  key,
  type ModelConfig,
  type ModelOptions,
  modelConfig,
  paramSpecs,
  type Strategy,
  strategies,
  strategyById,
} from '@looplab/core';
import { objectiveById } from '@looplab/objectives';
import type { Task } from '@looplab/tasks';
import { planFlops, planRun, type Study, type StudyOptions } from '@looplab/train';

type Arm = NonNullable<StudyOptions['variants']>[string];
type Model = Study['model'];

/** What differs from the paper's setting because these models are a thousand times smaller: depth, mostly. */
const small: Readonly<Record<string, { model?: Partial<ModelOptions>; options?: Readonly<Record<string, unknown>> }>> =
  {
    plain: { model: { loops: 1 } },
    huginn: { options: { gradLoops: 4 } },
    retrofit: { options: { gradLoops: 4 } },
    parcae: { options: { gradLoops: 2 } },
    loopFormer: { options: { frequencies: 16 } },
    loopedIcl: { options: { window: 2, every: 100, rise: 1 } },
    parallelLoop: { model: { loops: 2 }, options: { window: 4 } },
    trm: { model: { loops: 2 }, options: { cycles: 2, lowCycles: 2 } },
    eqr: { model: { loops: 2 }, options: { cycles: 2, lowCycles: 2 } },
    hrm: { model: { loops: 2 } },
    deq: { model: { loops: 8 }, options: { backward: 8 } },
    thinkAtHard: { model: { loops: 2 }, options: { topK: 5, rank: 4 } },
  };

/** Strategies that are about something else than depth at a position, with the reason. */
const leftOut: Readonly<Record<string, string>> = {
  coconut: 'its latent positions stand in for a written chain, which these tasks do not have',
};

/** No feed-forward is narrower than this; what has more parameters of its own than that leaves room for is larger. */
const NARROWEST = 16;

/** Share of the budget by which the FLOPs of an arm may be off. */
const TOLERANCE = 0.02;

/** Share of the updates that a second stage (a gate, a decider) takes. */
const LATER = 0.1;

/**
 * One arm a strategy. The width of the feed-forward is chosen so that the parameters come within 2% of the plain model's
 * of `base`; the updates so that the counted training FLOPs are those of `updates` updates of `fixedLoops`.
 * @param base model of the plain one-layer arm
 */
export function arms(task: Task, base: Model, batch: number, updates: number): Record<string, Arm> {
  const target = sizeOf(modelConfig({ ...base, vocab: task.vocab }), fixedLoops());
  const budget =
    updates * updateFlops(modelConfig({ ...base, vocab: task.vocab }), fixedLoops(), 'lastLoop', task.seq, batch);
  return Object.fromEntries(
    strategies
      .filter((kind) => !(kind.id in leftOut))
      .map((kind) => {
        const { model: change = {}, options = {} } = small[kind.id] ?? {};
        const strategy = strategyById(kind.id, options);
        const wanted = { ...base, ...change };
        // The one arm that is not of equal size, on purpose: as many layers as the others have loops.
        const dFF = kind.id === 'isoFlop' ? base.dFF : widthFor(target, task, wanted, strategy);
        const config = modelConfig({ ...wanted, vocab: task.vocab, ...(dFF === undefined ? {} : { dFF }) });
        const later = strategy.stages.length - 1;
        const made = (steps: number): Arm => {
          const first = later === 0 ? steps : Math.round(steps * (1 - LATER));
          return {
            model: { ...change, ...(dFF === undefined ? {} : { dFF }) },
            strategy,
            objective: objectiveById(kind.objective),
            train: { steps: first },
            stages: strategy.stages.map((stage, i) => ({
              ...stage,
              steps: i === 0 ? first : Math.max(1, Math.round((steps - first) / later)),
            })),
          };
        };
        const steps = Math.max(1, Math.round(budget / updateFlops(config, strategy, kind.objective, task.seq, batch)));
        const over = trainingFlops(task, base, made(steps), batch) / budget;
        const isClose = Math.abs(over - 1) <= TOLERANCE;
        return [kind.id, made(isClose ? steps : Math.max(1, Math.round(steps / over)))];
      }),
  );
}

const sizeOf = (config: ModelConfig, strategy: Strategy): number => countParams(paramSpecs(config, strategy));

/** The inner width with which the model has about `target` parameters. */
function widthFor(target: number, task: Task, model: Model, strategy: Strategy): number {
  const size = (dFF: number): number => sizeOf(modelConfig({ ...model, vocab: task.vocab, dFF }), strategy);
  const perUnit = size(2) - size(1);
  const dFF = Math.round((target - size(1)) / perUnit) + 1;
  return Math.max(NARROWEST, dFF);
}

/** Counted FLOPs of all updates of an arm's first run. */
function trainingFlops(task: Task, base: Model, arm: Arm, batch: number): number {
  const { model, strategy, objective, train, stages } = arm as Required<Arm>; // as they are made above
  const whole = { model: { ...base, ...model }, train: { ...train, steps: train.steps as number, batch } };
  return planFlops(planRun({ task, strategy, objective, stages, ...whole, seed: 0 }));
}

/** About the counted FLOPs of an update: the mean over the depths that the strategy's schedule draws. */
function updateFlops(config: ModelConfig, strategy: Strategy, objective: string, seq: number, batch: number): number {
  const readouts = objectiveById(objective).readouts;
  const draws = strategy.schedule ? 50 : 1;
  const work = Array.from({ length: draws }, (_, i) => {
    const at = { step: Math.floor((1000 * (i + 0.5)) / draws), steps: 1000, key: key(i), config };
    const { loops = config.loops, hp } = strategy.schedule?.(at) ?? {};
    const shape = { batch, seq, train: true, loops, readouts: readouts === 'last' ? 1 : loops };
    return flops(config, strategy, { ...shape, ...(hp ? { hp } : {}) });
  });
  return work.reduce((a, b) => a + b) / draws;
}
