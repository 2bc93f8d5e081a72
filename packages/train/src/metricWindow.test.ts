// Metrics collected on the device: means, state for resuming, and what is freed.
import { useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { DivergedError } from './errors.ts';
import { MetricWindow } from './metricWindow.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const off = { factor: 0, patience: 1 };
const strict = { factor: 2, patience: 1 };
const update = (loss: number, gradNorm = 1) => ({
  loss: tf.scalar(loss),
  terms: { a: tf.scalar(loss / 2) },
  gradNorm: tf.scalar(gradNorm),
  states: { h: tf.scalar(loss) },
});

test('gives means of losses and terms, the largest gradient norm, and starts again', async () => {
  const window = new MetricWindow(off);
  window.push(1, update(1, 5), 0.5);
  window.push(2, update(3, 2), 0.25);
  await window.read();
  expect(window.take()).toEqual({ count: 2, loss: 2, terms: { a: 1 }, gradNorm: 5, seconds: 0.75 });
  window.push(3, update(8), 1);
  await window.read();
  expect(window.take()).toMatchObject({ count: 1, loss: 8, terms: { a: 4 }, gradNorm: 1 });
});

test('a window taken over through JSON gives the same means', async () => {
  const first = new MetricWindow(strict);
  first.push(1, update(0.1), 0);
  await first.read();
  const second = new MetricWindow(strict, JSON.parse(JSON.stringify(first.state())));
  for (const window of [first, second]) window.push(2, update(0.2), 0);
  for (const window of [first, second]) await window.read();
  expect(second.state()).toEqual(first.state());
  expect(second.take()).toEqual(first.take());
});

test('a new objective may have losses of another size', async () => {
  const window = new MetricWindow(strict);
  window.push(1, update(1), 0);
  await window.read();
  window.beginStage('lastLoop', true);
  window.push(2, update(100), 0);
  await window.read();
  window.push(3, update(1000), 0);
  await expect(window.read()).rejects.toThrow(DivergedError);
});

test('every tensor is freed, also of updates nobody read and after divergence', async () => {
  const count = tf.memory().numTensors;
  const window = new MetricWindow(off);
  window.push(1, update(Number.NaN), 0);
  window.push(2, update(1), 0);
  await expect(window.read()).rejects.toThrow(/the loss is NaN at step 1/);
  window.push(3, update(1), 0);
  window.dispose();
  expect(tf.memory().numTensors).toBe(count);
});
