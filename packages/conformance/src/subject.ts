// What a conformance check is given: a strategy on a small model, with parameters, a batch and noise.
import {
  type Batch,
  drawNoise,
  fold,
  initParams,
  isLoop,
  key,
  type ModelConfig,
  type ModelOptions,
  modelConfig,
  type Noise,
  normal,
  type Params,
  paramSpecs,
  type Strategy,
  trainingPlans,
  type UpdatePlan,
} from '@looplab/core';
import { tensor, toArray } from '@looplab/engine';
import { type Objective, objectiveById, objectivesThatFit } from '@looplab/objectives';
import { chainTargets, groupWords, type Task, type TaskBatch, withChain } from '@looplab/tasks';
import { batchTensors } from '@looplab/train';
import * as tf from '@tensorflow/tfjs-core';

/** What a person says about their strategy. */
export interface SubjectOptions {
  readonly strategy: Strategy;
  /** Changes to the small model: vocabulary 6 or 7, width 8, 2 heads, 2 layers, 3 loops. */
  readonly model?: Partial<ModelOptions>;
  /** Objectives to check gradients of; default: every one in the registry that fits. */
  readonly objectives?: readonly Objective[];
}

/** A strategy ready to be checked. */
export interface Subject {
  readonly strategy: Strategy;
  readonly config: ModelConfig;
  readonly objectives: readonly Objective[];
  readonly task: Task;
  /** An update as the strategy's schedule makes them. */
  readonly update: UpdatePlan;
  /** Parameters with every entry away from its initial value, so that zeros hide nothing. Fresh tensors on each call. */
  params(): Promise<Params>;
  /** `rows` rows of the task. */
  batch(rows: number): Batch;
  /** The noise of a pass over `batch` rows and `seq` tokens. */
  noise(batch: number, seq: number, loops?: number): Noise;
  /** The strategy on a model that has a fixed point: norms hardly enlarge, so that every step draws states together. */
  contracting(): Subject;
}

/** Longest sequence of the checks. */
const SEQ = 5;

/** @throws ConfigError, StrategyError if the strategy cannot run on the small model */
export function subject(options: SubjectOptions): Subject {
  const { strategy } = options;
  const words = groupWords({ group: 'S3', seq: SEQ });
  const task = strategy.gives.includes('latent') ? withChain(groupWords({ group: 'S3', seq: 2 })) : words;
  const config = modelConfig({
    ...{ vocab: task.vocab, dModel: 8, heads: 2, layers: 2, loops: 3, dFF: 12, initStd: 0.3 },
    ...options.model,
  });
  const specs = paramSpecs(config, strategy);
  const update = usualUpdate(strategy, config);
  return {
    strategy,
    config,
    task,
    objectives: options.objectives ?? objectivesThatFit(strategy).map((id) => objectiveById(id)),
    update,
    params: async () => {
      const start = initParams(specs, key(5));
      const entries = await Promise.all(
        Object.entries(start).map(async ([name, x]) => {
          const values = await toArray(x);
          const away = normal(fold(key(6), name), values.length);
          x.dispose();
          return [
            name,
            tensor(
              Float32Array.from(values, (v, i) => v + 0.1 * (away[i] ?? 0)),
              x.shape,
            ),
          ] as const;
        }),
      );
      return Object.fromEntries(entries);
    },
    batch: (rows) => withChainOf(task, task.train(1, 0, rows), loopsOf(config, strategy, update)),
    noise: (batch, seq, loops = update.loops ?? config.loops) =>
      drawNoise(config, strategy, { batch, seq, loops }, key(7)),
    contracting: () => subject({ ...options, model: { ...options.model, loops: 16, normEps: 4 } }),
  };
}

/** Of several updates as the strategy's schedule makes them in the middle of training, one of middling depth. */
function usualUpdate(strategy: Strategy, config: ModelConfig): UpdatePlan {
  const updates = [1, 2, 3, 4, 5].map((k) => strategy.schedule?.({ step: 50, steps: 100, key: key(k), config }) ?? {});
  const depth = (u: UpdatePlan): number => u.loops ?? config.loops;
  return updates.sort((a, b) => depth(a) - depth(b))[2] ?? {};
}

/** Loops of a training pass, in its first trajectory. */
function loopsOf(config: ModelConfig, strategy: Strategy, update: UpdatePlan): number {
  const [plan] = trainingPlans(config, strategy, update);
  return plan?.steps.filter(isLoop).length ?? 0;
}

function withChainOf(task: Task, rows: TaskBatch, loops: number): Batch {
  const batch = batchTensors(rows);
  if (!task.chain) return batch;
  const { targets, weights } = chainTargets(task, rows, loops);
  const shape = [rows.batch, rows.seq, loops];
  return { ...batch, chain: { targets: tensor(targets, shape), weights: tensor(weights, shape) } };
}

/** Largest absolute difference of two tensors of one shape. */
export async function distance(a: tf.Tensor, b: tf.Tensor): Promise<number> {
  if (`${a.shape}` !== `${b.shape}`) throw new Error(`shapes differ: [${a.shape}] and [${b.shape}]`);
  const gap = tf.max(tf.abs(tf.sub(a, b)));
  return (await gap.data())[0] ?? Number.NaN;
}
