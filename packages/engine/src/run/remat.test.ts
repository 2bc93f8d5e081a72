// remat: same values and gradients as the function it wraps, with its inside really computed twice.
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { compile, linear, RematClosureError, remat, swiglu, useDevice, valueAndGrad } from '../index.ts';

beforeAll(() => useDevice({ kind: 'onnx' }));

const numbers = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i + 1));
const x = () => tf.tensor(numbers(12), [3, 4]);
const w = () => tf.tensor(numbers(16), [4, 4]);
const block = (h: tf.Tensor, m: tf.Tensor): tf.Tensor => tf.tanh(linear(swiglu(h, h), m));

async function read(t: tf.Tensor): Promise<number[]> {
  return Array.from(await t.data());
}

it('keeps values and gradients through nested calls', async () => {
  const loss = (f: typeof block) => (q: { x: tf.Tensor; w: tf.Tensor }) => tf.sum(f(f(q.x, q.w), q.w));
  const plain = await compile(valueAndGrad(loss(block)))({ x: x(), w: w() });
  const again = await compile(valueAndGrad(loss(remat((h, m) => remat(block)(h, m)))))({ x: x(), w: w() });
  expect(await read(again.value)).toEqual(await read(plain.value));
  for (const k of ['x', 'w'] as const) {
    const want = await read(plain.grads[k]);
    for (const [i, g] of (await read(again.grads[k])).entries()) expect(g).toBeCloseTo(want[i] as number, 5);
  }
});

it('computes the inside twice', async () => {
  const count = async (f: typeof block): Promise<number> => {
    const step = compile(valueAndGrad((q: { x: tf.Tensor; w: tf.Tensor }) => tf.sum(tf.square(f(q.x, q.w)))));
    return (await step.lower({ x: x(), w: w() })).nodes.filter((n) => n.op === 'QuickGelu').length;
  };
  expect(await count(block)).toBe(1);
  expect(await count(remat(block))).toBe(2);
});

it('takes and returns trees, with integer tensors and plain values among them', async () => {
  const f = remat((q: { h: tf.Tensor; ids: tf.Tensor }, factor: number) => ({
    a: tf.mul(tf.gather(q.h, q.ids), factor),
    b: [tf.sum(q.h), 'text'] as const,
  }));
  const step = compile(
    valueAndGrad((q: { h: tf.Tensor }, ids: tf.Tensor) => {
      const out = f({ h: q.h, ids }, 3);
      return tf.add(tf.sum(out.a), tf.mul(out.b[0], out.b[1] === 'text' ? 2 : 0));
    }),
  );
  const { grads } = await step({ h: tf.ones([3]) }, tf.tensor1d([0, 0, 2], 'int32'));
  expect(await read(grads.h)).toEqual([3 * 2 + 2, 2, 3 + 2]);
});

it('refuses to lose a gradient', async () => {
  const step = compile(
    valueAndGrad((q: { x: tf.Tensor; w: tf.Tensor }) => tf.sum(remat((h: tf.Tensor) => block(h, q.w))(q.x))),
  );
  await expect(step({ x: x(), w: w() })).rejects.toThrow(RematClosureError);
  const made = compile(
    valueAndGrad((q: { x: tf.Tensor }) => {
      const inside = tf.mul(tf.ones([4]), 2);
      return tf.sum(remat((h: tf.Tensor) => tf.mul(h, inside))(q.x));
    }),
  );
  await expect(made({ x: x() })).rejects.toThrow(RematClosureError);
});
