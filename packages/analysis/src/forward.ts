// Forward passes over held-out rows: compiled once, read back as plain arrays.
import {
  drawNoise,
  type ExitRule,
  flops,
  fold,
  type Inputs,
  type KvPolicy,
  key,
  type Micro,
  type Noise,
  runTrace,
  type Trace,
} from '@looplab/core';
import { compile, type Tree, tensor, treeLeaves } from '@looplab/engine';
import type { TaskBatch } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { type AnalysisContext, assertContext, batchOf, rowsOf } from './context.ts';

/** Values of a tensor, row-major. */
export type Values = Float32Array | Int32Array;

/** What a layer of a step made of its input. */
export interface LayerOutput {
  readonly k: Micro;
  /** Of the step's core call, from 0. */
  readonly layer: number;
  /** [batch, seq, width] */
  readonly x: tf.Tensor;
}

export interface ForwardOptions {
  /** Default: {@link deepest}. */
  readonly loops?: number;
  /** Instead of the strategy's policy. */
  readonly kv?: KvPolicy;
  /** Hand the outputs of all layers to `pick`, too. */
  readonly layers?: boolean;
  /** A rule that freezes tokens, made of the tensors that come with each run. */
  exit?(given: readonly tf.Tensor[]): ExitRule;
}

/**
 * A compiled `trace -> pick(trace)`: called with a batch, it returns what `pick` returned, flat, with plain arrays in
 * place of the tensors. Of several trajectories the first is picked from.
 * @param pick pure tensor operations; `outputs` are those of the trace's layers in the order in which they were computed, none unless
 *   asked for
 */
export function forward(
  context: AnalysisContext,
  pick: (
    trace: Trace,
    inputs: Inputs & { readonly targets: tf.Tensor },
    outputs: readonly LayerOutput[],
  ) => Tree<tf.Tensor>,
  options: ForwardOptions = {},
): {
  run(batch: TaskBatch, index: number, given?: readonly tf.Tensor[]): Promise<Values[]>;
  release(): Promise<void>;
} {
  assertContext(context);
  const { loops = deepest(context), kv, exit, layers = false } = options;
  const { model, strategy, params } = context;
  const pass = compile(
    (p: typeof params, batch: Inputs & { targets: tf.Tensor }, noise: Noise, given: readonly tf.Tensor[]) => {
      const { targets, ...inputs } = batch; // what should be answered is no input
      const rule = exit?.(given);
      const outputs = new Map<string, LayerOutput>(); // of several trajectories those of the first, which is computed first
      const inspect = (k: Micro, layer: number, x: tf.Tensor): void => {
        const at = `${k.t} ${layer}`;
        if (!outputs.has(at)) outputs.set(at, { k, layer, x });
      };
      const over = { ...(kv ? { kv } : {}), ...(rule ? { exit: rule } : {}), ...(layers ? { inspect } : {}) };
      const [trace] = runTrace(model, strategy, p, inputs, { ...over, train: false, loops, noise });
      if (!trace) throw new Error('a strategy plans at least one trajectory');
      return pick(trace, { ...inputs, targets }, [...outputs.values()]);
    },
    { name: 'analysis' },
  );
  return {
    run: async (batch, index, given = []) => {
      const shape = [batch.batch, batch.seq];
      const inputs = {
        ids: tensor(batch.ids, shape),
        targets: tensor(batch.targets, shape),
        ...(batch.keyMask ? { keyMask: tensor(batch.keyMask, shape) } : {}),
        ...(batch.isolated && batch.segments ? { segments: tensor(batch.segments, shape) } : {}),
      };
      const at = { batch: batch.batch, seq: batch.seq, loops };
      const noise = drawNoise(model, strategy, at, fold(fold(key(context.seed), 'analysis/noise'), index));
      try {
        const leaves = treeLeaves(await pass(params, inputs, noise, given)) as tf.Tensor[]; // pick returns tensors only
        const values = await Promise.all(leaves.map((t) => t.data() as Promise<Values>)); // float32 or int32
        tf.dispose(leaves);
        return values;
      } finally {
        tf.dispose([Object.values(inputs), Object.values(noise)]);
      }
    },
    release: () => pass.release(),
  };
}

/**
 * Loops that can be read: twice the trained depth where the strategy allows it, which shows extrapolation, else the
 * trained depth.
 */
export function deepest(context: Pick<AnalysisContext, 'model' | 'strategy'>): number {
  const { model, strategy } = context;
  const twice = 2 * model.loops;
  if (!strategy.gives.includes('readouts')) return model.loops;
  try {
    flops(model, strategy, { batch: 1, seq: 1, loops: twice }); // plans, so a strategy of limited depth says no
    return twice;
  } catch {
    return model.loops;
  }
}

/**
 * Calls `each` with consecutive batches of held-out rows until the row budget is spent; `count` of a batch's rows are
 * within it.
 */
export async function heldOut(
  context: AnalysisContext,
  each: (batch: TaskBatch, index: number, count: number) => Promise<void>,
): Promise<void> {
  const rows = rowsOf(context);
  const size = Math.min(batchOf(context), rows);
  for (let index = 0; index * size < rows; index++)
    await each(context.task.validation(index, size), index, Math.min(size, rows - index * size));
}
