// Typed arrays as tensors: rows, and what only some tasks have.
import { toArray, useDevice } from '@looplab/engine';
import { chainTargets, groupWords, mano, type TaskBatch } from '@looplab/tasks';
import { beforeAll, expect, test } from 'vitest';
import { batchTensors } from './batch.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const whole: TaskBatch = {
  ids: Int32Array.of(1, 2, 3, 4, 5, 6),
  targets: Int32Array.of(2, 3, 4, 5, 6, 7),
  weights: Float32Array.of(1, 0, 1, 0, 1, 0.5),
  batch: 3,
  seq: 2,
};

test('some rows of a batch, with exactly what the task gives', async () => {
  const part = batchTensors(whole, 1, 2);
  expect(Object.keys(part).sort()).toEqual(['ids', 'targets', 'weights']);
  expect([part.ids.shape, part.ids.dtype, part.weights.dtype]).toEqual([[2, 2], 'int32', 'float32']);
  expect([...(await toArray(part.ids))]).toEqual([3, 4, 5, 6]);
  const more = batchTensors(
    { ...whole, keyMask: Float32Array.of(1, 1, 1, 0, 1, 0), steps: Int32Array.of(0, 1, 0, 2, 0, 3) },
    1,
    2,
  );
  expect([...(await toArray(more.keyMask as never))]).toEqual([1, 0, 1, 0]);
  expect([...(await toArray(more.steps as never))]).toEqual([0, 2, 0, 3]);
});

test('what each loop should say goes with its rows', async () => {
  const task = groupWords({ group: 'Z5', seq: 3 });
  const batch = task.train(0, 0, 4);
  const chain = chainTargets(task, batch, 2);
  const { chain: part } = batchTensors(batch, 2, 2, chain);
  expect(part?.targets.shape).toEqual([2, 3, 2]);
  expect([...(await toArray(part?.targets as never))]).toEqual([...chain.targets.slice(2 * 3 * 2)]);
  expect([...(await toArray(part?.weights as never))]).toEqual([...chain.weights.slice(2 * 3 * 2)]);
});

test('rows packed with masks bring their segments, open ones do not', async () => {
  const batch = mano({ maxOps: 2, packing: 'masked', seq: 32 }).train(0, 0, 2);
  const { segments } = batchTensors(batch, 1, 1);
  expect([...(await toArray(segments as never))]).toEqual([...(batch.segments?.slice(32) ?? [])]);
  expect(batchTensors(mano({ maxOps: 2, packing: 'open', seq: 32 }).train(0, 0, 2)).segments).toBeUndefined();
});
