// Forward passes over held-out rows: compiled once, read back as plain arrays.
import { drawNoise, flops, fold, type Inputs, key, runTrace, type Trace, type TraceOptions } from '@looplab/core';
import { compile, type Tree, tensor, treeLeaves } from '@looplab/engine';
import type { TaskBatch } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { type AnalysisContext, assertContext, rowsOf } from './context.ts';

/** Values of a tensor, row-major. */
export type Values = Float32Array | Int32Array;

export interface ForwardOptions extends Omit<TraceOptions, 'train' | 'noise'> {
  /** Default: {@link deepest}. */
  readonly loops?: number;
  /** Instead of the context's; for patched recurrences. */
  readonly strategy?: AnalysisContext['strategy'];
}

/**
 * A compiled `trace -> pick(trace)`: called with rows of symbols and further tensors, it returns what `pick` returned with plain
 * arrays in place of the tensors. Of several trajectories the first is picked from.
 * @param pick pure tensor operations on the trace and on `extra`
 */
export function forward<E extends Tree<tf.Tensor>, R extends Tree<tf.Tensor>>(
  context: AnalysisContext,
  pick: (trace: Trace, inputs: Inputs & { readonly targets: tf.Tensor }, extra: E) => R,
  options: ForwardOptions = {},
): { run(batch: TaskBatch, index: number, extra: E): Promise<Values[]>; release(): Promise<void> } {
  assertContext(context);
  const { loops = deepest(context), strategy = context.strategy, ...rest } = options;
  const { model, params } = context;
  const pass = compile(
    (p: typeof params, inputs: Inputs & { targets: tf.Tensor }, noise: Record<string, tf.Tensor>, extra: E): R => {
      const [trace] = runTrace(model, strategy, p, inputs, { ...rest, train: false, loops, noise });
      if (!trace) throw new Error('a strategy plans at least one trajectory');
      return pick(trace, inputs, extra);
    },
    { name: 'analysis' },
  );
  return {
    run: async (batch, index, extra) => {
      const shape = [batch.batch, batch.seq];
      const inputs = {
        ids: tensor(batch.ids, shape),
        targets: tensor(batch.targets, shape),
        ...(batch.keyMask ? { keyMask: tensor(batch.keyMask, shape) } : {}),
      };
      const at = { batch: batch.batch, seq: batch.seq, loops };
      const noise = drawNoise(model, strategy, at, fold(fold(key(context.seed), 'analysis/noise'), index));
      const out = await pass(params, inputs, { ...noise }, extra);
      const leaves = treeLeaves(out) as tf.Tensor[]; // R is a tree of tensors
      const values = await Promise.all(leaves.map((t) => t.data() as Promise<Values>)); // float32 or int32
      tf.dispose([Object.values(inputs), Object.values(noise), leaves]);
      return values;
    },
    release: () => pass.release(),
  };
}

/** Loops that can be read: twice the trained depth where the strategy allows it, which shows extrapolation, else the trained depth. */
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

/** Calls `each` with consecutive batches of held-out rows until the row budget is spent; `count` of a batch's rows are within it. */
export async function heldOut(
  context: AnalysisContext,
  each: (batch: TaskBatch, index: number, count: number) => Promise<void>,
): Promise<void> {
  const rows = rowsOf(context);
  const size = Math.min(context.batch ?? 16, rows);
  for (let index = 0; index * size < rows; index++)
    await each(context.task.validation(index, size), index, Math.min(size, rows - index * size));
}
