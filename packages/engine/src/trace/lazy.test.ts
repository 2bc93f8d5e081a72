// Lazy evaluation: what runs, how often, and that plain tfjs training works on it.
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, expect, it } from 'vitest';
import { useDevice } from '../index.ts';
import type { OnnxBackend } from './backend.ts';

beforeEach(() => useDevice({ kind: 'onnx' }));

const backend = (): OnnxBackend => tf.backend() as OnnxBackend;
const kindOf = (t: tf.Tensor): string => backend().valueBehind(t.dataId).def.kind;

it('computes nothing before it is asked, and what tensors still hold only once', async () => {
  const x = tf.tensor1d([1, 2, 3]);
  const y = tf.exp(x);
  const z = tf.add(y, 1);
  const other = tf.sin(x);
  expect([kindOf(y), kindOf(z)]).toEqual(['node', 'node']);
  await z.data();
  expect([kindOf(y), kindOf(z), kindOf(other)]).toEqual(['data', 'data', 'node']);
  expect(Array.from(await y.data())).toEqual(Array.from(x.dataSync(), (v) => expect.closeTo(Math.exp(v), 5)));
});

it('gives each reader an array of its own', async () => {
  const y = tf.mul(tf.tensor1d([1, 2]), 2);
  const first = await y.data();
  first[0] = 99;
  expect(Array.from(await y.data())).toEqual([2, 4]);
});

it('compiles one program for expressions that differ only in their data', async () => {
  const before = backend().lazy.size;
  for (let i = 0; i < 4; i++) await tf.logSumExp(tf.tensor1d([i, 2, 3, 4, 5])).data();
  expect(backend().lazy.size).toBe(before + 1);
});

it('reads written values and constants synchronously', () => {
  expect(Array.from(tf.tensor1d([1, 2]).dataSync())).toEqual([1, 2]);
  expect(Array.from(tf.fill([3], 7).dataSync())).toEqual([7, 7, 7]);
  expect(tf.tensor(['a', 'b']).dataSync()).toEqual(['a', 'b']);
});

it("runs tfjs's own optimiser", async () => {
  const w = tf.variable(tf.scalar(5));
  const adam = tf.train.adam(0.5);
  for (let i = 0; i < 60; i++) {
    adam.minimize(() => tf.square(tf.sub(w, 2)) as tf.Scalar);
    await w.data();
  }
  expect(Math.abs(((await w.data())[0] as number) - 2)).toBeLessThan(0.1);
});

it('holds no tensors after tidy', async () => {
  const x = tf.tensor1d([1, 2, 3]);
  const before = backend().numDataIds();
  for (let i = 0; i < 3; i++) {
    const y = tf.tidy(() => tf.sum(tf.mul(tf.exp(x), 2)));
    await y.data();
    y.dispose();
  }
  expect(backend().numDataIds()).toBe(before);
});
