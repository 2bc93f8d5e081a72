// Compares a function of tensors on backend `onnx` with TensorFlow.js's reference backend, values and gradients (used by tests).
import '../../grad.ts';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { useDevice } from '../../device.ts';

/** Makes both backends ready; for `beforeAll`. */
export async function bothBackends(): Promise<void> {
  await useDevice({ kind: 'onnx', threads: 1 });
  await useDevice({ kind: 'cpu' });
}

/** Random numbers in [low, high), or integers below `high`, or truth values. */
export interface Arg {
  readonly shape: readonly number[];
  readonly low: number;
  readonly high: number;
  readonly dtype: 'float32' | 'int32' | 'bool';
}
export const f = (shape: readonly number[], low = -2, high = 2): Arg => ({ shape, low, high, dtype: 'float32' });
export const i = (shape: readonly number[], low = -9, high = 10): Arg => ({ shape, low, high, dtype: 'int32' });
export const b = (shape: readonly number[]): Arg => ({ shape, low: 0, high: 2, dtype: 'bool' });

export type Fn = (...xs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];

/** Linear congruential numbers in [0, 1), the same on every call. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function makeTensor({ shape, low, high, dtype }: Arg, next: () => number): tf.Tensor {
  const n = shape.reduce((x, y) => x * y, 1);
  const numbers = Array.from({ length: n }, () => low + (high - low) * next());
  const values = dtype === 'float32' ? Float32Array.from(numbers) : Int32Array.from(numbers, Math.floor);
  return tf.tensor(values, shape as number[], dtype);
}

interface Outcome {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: ArrayLike<number>;
}

/** What `fn` gives on `backend`; with `gradients` also those of a weighted sum by every float input. */
async function evaluate(backend: string, fn: Fn, args: readonly Arg[], gradients: boolean): Promise<Outcome[]> {
  await tf.setBackend(backend);
  const next = uniform(7);
  const xs = args.map((a) => makeTensor(a, next));
  const out = [fn(...xs)].flat();
  const floats = xs.filter((x) => x.dtype === 'float32');
  if (gradients) {
    const weights = out.map((y) => makeTensor(f(y.shape, 0.5, 1.5), next));
    const loss = (...ps: tf.Tensor[]): tf.Scalar => {
      let at = 0;
      const ys = [fn(...xs.map((x) => (x.dtype === 'float32' ? (ps[at++] as tf.Tensor) : x)))].flat();
      return ys.map((y, j) => tf.sum(tf.mul(y, weights[j] as tf.Tensor))).reduce((p, q) => tf.add(p, q)) as tf.Scalar;
    };
    out.push(...tf.grads(loss)(floats));
  }
  const results: Outcome[] = [];
  for (const y of out) results.push({ shape: y.shape, dtype: y.dtype, data: await y.data() });
  return results;
}

/** Same shapes and types; differences at most 1e-5 of the largest element. */
export async function agree(fn: Fn, args: readonly Arg[], gradients: boolean): Promise<void> {
  const expected = await evaluate('cpu', fn, args, gradients);
  const actual = await evaluate('onnx', fn, args, gradients);
  expect(actual.map((y) => [y.shape, y.dtype])).toEqual(expected.map((y) => [y.shape, y.dtype]));
  expected.forEach((want, k) => {
    const got = actual[k] as Outcome;
    const scale = Math.max(1e-6, ...Array.from(want.data).filter(Number.isFinite).map(Math.abs));
    Array.from(want.data).forEach((x, j) => {
      const y = got.data[j] as number;
      const same = Object.is(x, y) || x === y || Math.abs(x - y) <= 1e-5 * scale;
      if (!same) throw new Error(`output ${k}, element ${j}: ${y} instead of ${x} (largest ${scale})`);
    });
  });
}
