// From a task's typed arrays to the tensors of a compiled step.
import type { Batch } from '@looplab/core';
import { tensor } from '@looplab/engine';
import type { ChainTargets, TaskBatch } from '@looplab/tasks';

/**
 * Rows `first .. first + rows - 1` of a task's batch as tensors `[rows, seq]`.
 * @param chain what each loop should say, for all rows of `batch`
 */
export function batchTensors(batch: TaskBatch, first = 0, rows: number = batch.batch, chain?: ChainTargets): Batch {
  const { seq, keyMask, steps } = batch;
  const segments = batch.isolated ? batch.segments : undefined;
  const rowsOf = <A extends Int32Array | Float32Array>(
    all: A,
    shape: readonly number[] = [],
  ): ReturnType<typeof tensor> => {
    const width = seq * shape.reduce((a, b) => a * b, 1);
    return tensor(all.subarray(first * width, (first + rows) * width), [rows, seq, ...shape]);
  };
  const loops = chain ? chain.targets.length / batch.ids.length : 0;
  return {
    ids: rowsOf(batch.ids),
    targets: rowsOf(batch.targets),
    weights: rowsOf(batch.weights),
    ...(keyMask ? { keyMask: rowsOf(keyMask) } : {}),
    ...(segments ? { segments: rowsOf(segments) } : {}),
    ...(steps ? { steps: rowsOf(steps) } : {}),
    ...(chain ? { chain: { targets: rowsOf(chain.targets, [loops]), weights: rowsOf(chain.weights, [loops]) } } : {}),
  };
}
