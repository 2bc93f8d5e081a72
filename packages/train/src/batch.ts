// From a task's typed arrays to the tensors of a compiled step.
import type { Batch } from '@looplab/core';
import { tensor } from '@looplab/engine';
import type { TaskBatch } from '@looplab/tasks';

/** Rows `first .. first + rows - 1` of a task's batch as tensors `[rows, seq]`. */
export function batchTensors(batch: TaskBatch, first = 0, rows: number = batch.batch): Batch {
  const { seq } = batch;
  const [from, to] = [first * seq, (first + rows) * seq];
  return {
    ids: tensor(batch.ids.subarray(from, to), [rows, seq]),
    targets: tensor(batch.targets.subarray(from, to), [rows, seq]),
    weights: tensor(batch.weights.subarray(from, to), [rows, seq]),
  };
}
