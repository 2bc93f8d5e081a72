// The eager TensorFlow device: a looped block and its gradients equal those of TensorFlow.js's reference backend.
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tensor, useDevice } from '../device.ts';
import { valueAndGrad } from '../grad.ts';
import { causalAttention, crossEntropy, embedding, linear, rmsNorm, ropeTables, rotary, swiglu } from '../ops/index.ts';
import { loadTensorflow, tensorflowIsSetUp } from './loadTensorflow.ts';

const SIZES = { vocab: 7, width: 16, heads: 2, hidden: 24, batch: 2, seq: 5, loops: 3 };

const SHAPES: Record<string, readonly number[]> = {
  embed: [SIZES.vocab, SIZES.width],
  norm1: [SIZES.width],
  norm2: [SIZES.width],
  q: [SIZES.width, SIZES.width],
  k: [SIZES.width, SIZES.width],
  v: [SIZES.width, SIZES.width],
  o: [SIZES.width, SIZES.width],
  gate: [SIZES.hidden, SIZES.width],
  up: [SIZES.hidden, SIZES.width],
  down: [SIZES.width, SIZES.hidden],
  head: [SIZES.vocab, SIZES.width],
};

type Weights = Record<keyof typeof SHAPES, tf.Tensor>;

/** Reproducible values of the size weights have; no generator is needed for that. */
function values(count: number, phase: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => 0.4 * Math.sin(1.7 * i + phase) + 0.05);
}

function loss(p: Weights, ids: tf.Tensor, labels: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const w = (name: string) => p[name] as tf.Tensor;
  const { heads, width, seq, loops } = SIZES;
  const { cos, sin } = ropeTables(seq, width / heads, 10000);
  let h = embedding(w('embed'), ids);
  let total: tf.Tensor = tf.scalar(0);
  for (let t = 0; t < loops; t++) {
    const x = rmsNorm(h, w('norm1'), 1e-6);
    const q = rotary(linear(x, w('q')), cos, sin, heads);
    const k = rotary(linear(x, w('k')), cos, sin, heads);
    const attended = causalAttention(q, k, linear(x, w('v')), { heads, keyMask: mask });
    h = tf.add(h, linear(attended, w('o')));
    const y = rmsNorm(h, w('norm2'), 1e-6);
    h = tf.add(h, linear(swiglu(linear(y, w('gate')), linear(y, w('up'))), w('down')));
    total = tf.add(total, tf.mean(crossEntropy(linear(h, w('head')), labels)));
  }
  return total;
}

/** Loss and gradients on the current backend. */
async function run(): Promise<Record<string, Float32Array>> {
  const { batch, seq, vocab } = SIZES;
  const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  const params: Weights = Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape], i) => [name, tensor(values(count(shape), i), shape)]),
  );
  const ids = tensor(
    Int32Array.from({ length: batch * seq }, (_, i) => (i * 3) % vocab),
    [batch, seq],
  );
  const labels = tensor(
    Int32Array.from({ length: batch * seq }, (_, i) => (i * 5 + 1) % vocab),
    [batch, seq],
  );
  const mask = tensor(
    Float32Array.from({ length: batch * seq }, (_, i) => (i === 0 ? 0 : 1)),
    [batch, seq],
  );
  const { value, grads } = valueAndGrad(loss)(params, ids, labels, mask);
  const out: Record<string, Float32Array> = { value: (await value.data()) as Float32Array };
  for (const [name, g] of Object.entries(grads)) out[name] = (await g.data()) as Float32Array;
  return out;
}

/** Largest difference relative to the largest value. */
function relativeError(a: Float32Array, b: Float32Array): number {
  const scale = Math.max(...b.map(Math.abs));
  return Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? Number.NaN)))) / scale;
}

const setUp = tensorflowIsSetUp();
describe.runIf(setUp)(setUp ? 'TensorFlow device' : 'skipped: needs TensorFlow, run looplab setup tensorflow', () => {
  let reference: Record<string, Float32Array> = {};

  beforeAll(async () => {
    await useDevice({ kind: 'cpu' });
    reference = await run();
    await loadTensorflow();
  });

  afterAll(async () => {
    await useDevice({ kind: 'cpu' });
  });

  test('it registers with our own TensorFlow.js and leaves the backend in use alone', () => {
    expect(tf.getBackend()).toBe('cpu');
    expect(tf.findBackendFactory('tensorflow')).toBeTypeOf('function');
    const theirs = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') as typeof tf;
    expect(theirs.engine()).toBe(tf.engine());
    expect(theirs.Tensor).toBe(tf.Tensor);
  });

  test('a looped block and every gradient equal the reference within 1e-5', async () => {
    await useDevice({ kind: 'tensorflow' });
    const ours = await run();
    expect(Object.keys(ours)).toEqual(Object.keys(reference));
    // float32 sums of at most 24 terms, taken in another order: about 1e-6
    for (const [name, value] of Object.entries(reference)) {
      expect(relativeError(ours[name] as Float32Array, value), name).toBeLessThan(1e-5);
    }
  });

  test('nothing leaks inside tf.tidy', async () => {
    await tf.setBackend('tensorflow');
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = tf.ones([2, 3]);
      valueAndGrad((p: tf.Tensor) => tf.sum(swiglu(p, p)))(x);
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});
