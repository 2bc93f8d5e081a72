// From a task's typed arrays to the tensors of a compiled step.
import { type Batch, fold, type Key, type ModelConfig, normal, type Strategy, uniform } from '@looplab/core';
import { tensor } from '@looplab/engine';
import type { TaskBatch } from '@looplab/tasks';
import type * as tf from '@tensorflow/tfjs-core';

/** Random tensors by the names a strategy declares. */
export type Noise = Readonly<Record<string, tf.Tensor>>;

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

/** The random tensors of one forward pass, drawn from `key`; empty for most strategies. */
export function drawNoise(
  model: ModelConfig,
  strategy: Strategy,
  shape: { batch: number; seq: number; loops: number },
  key: Key,
): Noise {
  const specs = strategy.noise?.(model, shape) ?? [];
  return Object.fromEntries(
    specs.map((spec) => {
      const draw = spec.law === 'normal' ? normal : uniform;
      const n = spec.shape.reduce((a, b) => a * b, 1);
      return [spec.name, tensor(draw(fold(key, spec.name), n), spec.shape)];
    }),
  );
}
