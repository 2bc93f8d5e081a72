// From a task's typed arrays to the tensors of a compiled step.
import type { Batch } from '@looplab/core';
import { tensor } from '@looplab/engine';
import type { ChainTargets, TaskBatch } from '@looplab/tasks';
import { StudyError } from './errors.ts';

/**
 * Rows `first .. first + rows - 1` of a task's batch as tensors `[rows, seq]`.
 * @param chain what each loop should say, for all rows of `batch`
 * @throws StudyError for rows of several problems that must not see each other
 */
export function batchTensors(batch: TaskBatch, first = 0, rows: number = batch.batch, chain?: ChainTargets): Batch {
  const { seq, keyMask, steps } = batch;
  if (batch.isolated) {
    throw new StudyError(
      "problems packed into a row must not see each other here, but attention has no mask by problem; set task.packing to 'none' " +
        "(the same numbers, since rotary positions are relative) or to 'open'",
    );
  }
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
    ...(steps ? { steps: rowsOf(steps) } : {}),
    ...(chain ? { chain: { targets: rowsOf(chain.targets, [loops]), weights: rowsOf(chain.weights, [loops]) } } : {}),
  };
}
