// Programs over host values against the same functions over tensors, on both kinds of backend.
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { useDevice } from '../device.ts';
import { compileHost, HostTensor } from './compileHost.ts';

afterEach(() => useDevice({ kind: 'cpu' }));

const f = (x: { b: tf.Tensor; a: { c: readonly tf.Tensor[] } }, scale: number, add?: string) => {
  const [c, d] = x.a.c as [tf.Tensor, tf.Tensor];
  const y = tf.mul(tf.sub(x.b, c), scale); // not symmetric, so that an order that is mixed up shows
  return { y: add ? tf.add(y, d) : y, same: d, picked: tf.gather(x.b, tf.cast(d, 'int32')), note: 'fixed' };
};
const host = (...values: number[]): HostTensor => new HostTensor(Float32Array.from(values), [values.length]);

describe.each(['cpu', 'onnx'] as const)('on %s', (kind) => {
  it('computes as the function does, whatever the order of names', async () => {
    await useDevice({ kind });
    const g = compileHost(f);
    const out = await g({ b: host(5, 7), a: { c: [host(1, 2), host(1, 0)] } }, 2);
    expect([...out.y.data]).toEqual([8, 10]);
    expect([...out.same.data]).toEqual([1, 0]);
    expect([...out.picked.data]).toEqual([7, 5]);
    expect(out.picked.shape).toEqual([2]);
    expect(out.note).toBe('fixed');
    const other = await g({ a: { c: [host(1, 2), host(1, 0)] }, b: host(5, 7) }, 2);
    expect([...other.y.data]).toEqual([8, 10]);
  });

  it('depends on plain values, structure, shapes and types', async () => {
    await useDevice({ kind });
    const g = compileHost(f);
    const args = { b: host(5, 7), a: { c: [host(1, 2), host(1, 0)] } };
    expect([...(await g(args, 3)).y.data]).toEqual([12, 15]);
    expect([...(await g(args, 2, 'add')).y.data]).toEqual([9, 10]);
    const longer = { b: host(5, 7, 9), a: { c: [host(1, 2, 3), host(1, 0, 2)] } };
    expect([...(await g(longer, 1)).y.data]).toEqual([4, 5, 6]);
    const types = compileHost((x: tf.Tensor) => tf.div(x, tf.cast(2, x.dtype)));
    expect([...(await types(new HostTensor(Float32Array.of(3), [1]))).data]).toEqual([1.5]);
    expect([...(await types(new HostTensor(Int32Array.of(3), [1]))).data]).toEqual([1]);
    const flags = await compileHost((x: tf.Tensor) => tf.logicalNot(x))(new HostTensor(Uint8Array.of(1, 0), [2]));
    expect([...flags.data]).toEqual([0, 1]);
  });

  it('takes tensors beside host values, pending ones too, and leaves them alone', async () => {
    await useDevice({ kind });
    const x = tf.add(tf.tensor1d([5, 7]), 1);
    const g = compileHost((a: tf.Tensor, b: tf.Tensor) => ({ sum: tf.sub(a, b), a }));
    for (let i = 0; i < 2; i++) {
      const out = await g(x, host(1, 2));
      expect([...out.sum.data]).toEqual([5, 6]);
      expect([...out.a.data]).toEqual([6, 8]);
    }
    expect(x.isDisposed).toBe(false);
  });

  it('reads the arrays as they are at the call, and leaves no tensor behind', async () => {
    await useDevice({ kind });
    const g = compileHost((x: tf.Tensor) => tf.add(x, 1));
    const x = host(1, 2);
    const before = tf.memory().numTensors;
    expect([...(await g(x)).data]).toEqual([2, 3]);
    x.data[0] = 5;
    const second = await g(x);
    expect([...second.data]).toEqual([6, 3]);
    await g(host(0, 0));
    expect([...second.data], 'results are not written again').toEqual([6, 3]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('writes results into the same memory if told to, shape by shape', async () => {
  await useDevice({ kind: 'onnx' });
  const g = compileHost((x: tf.Tensor) => tf.add(x, 1), { reuse: true });
  const first = await g(host(1, 2));
  const other = await g(host(5));
  const second = await g(host(3, 4));
  expect([...second.data]).toEqual([4, 5]);
  expect(second.data).toBe(first.data);
  expect([...other.data]).toEqual([6]);
});
