// The loop must not notice which device computes, nor when its numbers are fetched.
import { join } from 'node:path';
import { loopLM } from '@looplab/core';
import { type DeviceOptions, useDevice } from '@looplab/engine';
import { entropyRegularised } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { readJsonLines } from './jsonLines.ts';
import { tempDir } from './testing/tempDir.ts';
import { trainRun } from './trainRun.ts';

/** Training losses, one a log line, and the evaluation at the end. */
async function train(kind: DeviceOptions['kind'], settings: { logEvery?: number; microBatches?: number } = {}) {
  await useDevice({ kind, threads: 1 });
  const dir = join(tempDir(), 'run');
  const { evaluation } = await trainRun({
    task: groupWords({ group: 'S3', seq: 6 }),
    model: { dModel: 16, heads: 2, layers: 1, loops: 3, dFF: 16 },
    strategy: loopLM(),
    objective: entropyRegularised(),
    train: { steps: 12, batch: 8, lr: 0.01, warmup: 2, evalEvery: 6, evalBatches: 1, logEvery: 1, ...settings },
    seed: 0,
    dir,
  });
  const losses = readJsonLines(join(dir, 'metrics.jsonl')).flatMap((r) => (r.kind === 'train' ? [Number(r.loss)] : []));
  return { losses, evaluation };
}

const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

test.each(['cpu', 'onnx'] as const)('on %s, metrics fetched late are those fetched at once', async (kind) => {
  const each = await train(kind);
  const late = await train(kind, { logEvery: 4 });
  expect(late.losses).toHaveLength(3);
  late.losses.forEach((loss, i) => {
    expect(loss).toBeCloseTo(mean(each.losses.slice(4 * i, 4 * i + 4)), 12);
  });
  expect(late.evaluation.lossPerLoop).toEqual(each.evaluation.lossPerLoop);
});

test('cpu and onnx train the same model, whole and in micro-batches', async () => {
  const reference = await train('cpu');
  for (const settings of [{}, { microBatches: 2 }]) {
    const compiled = await train('onnx', settings);
    // float32 sums in another order, enlarged by twelve updates of Adam at rate 0.01
    compiled.losses.forEach((loss, i) => {
      expect(Math.abs(loss - (reference.losses[i] ?? 9))).toBeLessThan(1e-3);
    });
    expect(Math.abs(compiled.evaluation.loss - reference.evaluation.loss)).toBeLessThan(1e-3);
  }
});

test('on onnx, a run leaves no tensors behind', async () => {
  await train('onnx');
  const count = tf.memory().numTensors;
  await train('onnx', { microBatches: 2 });
  expect(tf.memory().numTensors).toBe(count);
});
