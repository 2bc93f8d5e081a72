// compile: signatures, donation and its memory, leaks, and every refusal with its words.
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { compile, DeviceError, SignatureError, useDevice, valueAndGrad } from '../index.ts';

beforeEach(() => useDevice({ kind: 'onnx' }));

async function numbers(t: tf.Tensor): Promise<number[]> {
  return Array.from(await t.data());
}

describe('compile', () => {
  it('traces once for each signature: shapes, types and plain arguments', async () => {
    let traces = 0;
    const f = compile((x: tf.Tensor, factor: number) => {
      traces++;
      return tf.mul(x, factor);
    });
    expect(await numbers(await f(tf.tensor1d([1, 2]), 3))).toEqual([3, 6]);
    await f(tf.tensor1d([5, 6]), 3);
    expect(traces).toBe(1);
    expect(await numbers(await f(tf.tensor1d([5, 6]), 4))).toEqual([20, 24]);
    await f(tf.tensor1d([1, 2, 3]), 4);
    expect(traces).toBe(3);
  });

  it('takes and returns trees; what does not depend on the inputs comes back as it is', async () => {
    const f = compile((p: { a: tf.Tensor; b: readonly tf.Tensor[] }) => ({
      sum: tf.add(p.a, p.b[0] as tf.Tensor),
      same: p.a,
      name: 'text',
      n: [1, null],
    }));
    const out = await f({ a: tf.scalar(1), b: [tf.scalar(2)] });
    expect(await numbers(out.sum)).toEqual([3]);
    expect(await numbers(out.same)).toEqual([1]);
    expect([out.name, out.n]).toEqual(['text', [1, null]]);
  });

  it('compiles the same for concurrent first calls', async () => {
    let traces = 0;
    const f = compile((x: tf.Tensor) => {
      traces++;
      return tf.add(x, 1);
    });
    const outs = await Promise.all([1, 2, 3].map((n) => f(tf.scalar(n))));
    expect((await Promise.all(outs.map(numbers))).flat()).toEqual([2, 3, 4]);
    expect(traces).toBe(1);
  });

  it('reuses donated memory in turn and never shows old values', async () => {
    const f = compile((s: { w: tf.Tensor }, x: tf.Tensor) => ({ w: tf.add(s.w, x) }), { donate: [0] });
    let state = { w: tf.zeros([3]) as tf.Tensor };
    const seen: tf.Tensor[] = [];
    for (let i = 1; i <= 6; i++) {
      const before = state.w;
      state = await f(state, tf.scalar(1));
      expect(before.isDisposed).toBe(true);
      expect(await numbers(state.w)).toEqual([i, i, i]);
      seen.push(before);
    }
    expect(() => seen[3]?.dataSync()).toThrow('disposed');
    await expect(f({ w: seen[4] as tf.Tensor }, tf.scalar(1))).rejects.toThrow('disposed or donated');
  });

  it("keeps the caller's arrays and what a clone still shows", async () => {
    const mine = Float32Array.of(1, 2);
    const f = compile((w: tf.Tensor) => tf.mul(w, 10), { donate: [0] });
    let w: tf.Tensor = tf.tensor1d(mine);
    w = await f(w);
    const clone = tf.clone(w);
    for (let i = 0; i < 3; i++) w = await f(w);
    expect(Array.from(mine)).toEqual([1, 2]);
    expect(await numbers(clone)).toEqual([10, 20]);
    expect(await numbers(w)).toEqual([10000, 20000]);
  });

  it('leaks no tensors', async () => {
    const step = compile(valueAndGrad((p: { w: tf.Tensor }, x: tf.Tensor) => tf.sum(tf.square(tf.matMul(x, p.w)))));
    const p = { w: tf.ones([2, 2]) };
    const x = tf.ones([3, 2]);
    const once = async (): Promise<void> => {
      const { value, grads } = await step(p, x);
      tf.dispose([value, grads.w]);
    };
    await once();
    const before = [tf.memory().numTensors, tf.engine().backend.numDataIds()];
    for (let i = 0; i < 5; i++) await once();
    expect([tf.memory().numTensors, tf.engine().backend.numDataIds()]).toEqual(before);
  });

  it('leaks no tensors when tracing fails', async () => {
    const f = compile((x: tf.Tensor) => {
      tf.add(x, 1);
      throw new Error('mine');
    });
    const x = tf.scalar(1);
    const before = tf.engine().backend.numDataIds();
    await expect(f(x)).rejects.toThrow('mine');
    expect(tf.engine().backend.numDataIds()).toBe(before);
  });

  it('says where the time goes', async () => {
    const f = compile((x: tf.Tensor) => tf.tanh(tf.matMul(x, x)));
    const times = await f.kernelTimes(tf.ones([16, 16]));
    expect(Object.keys(times).sort()).toEqual(['Gemm', 'Tanh']);
    expect(times['Gemm']).toBeGreaterThan(0);
  });

  it('runs the plain function on an eager backend', async () => {
    await useDevice({ kind: 'cpu' });
    const f = compile((s: { w: tf.Tensor }) => ({ w: tf.add(s.w, 1) }), { donate: [0] });
    const first = tf.scalar(1);
    const out = await f({ w: first });
    expect(await numbers(out.w)).toEqual([2]);
    expect(first.isDisposed).toBe(true);
  });
});

describe('refusals', () => {
  const x = () => tf.tensor1d([1, 2]);

  it.each([
    [
      'dataSync in a trace',
      (t: tf.Tensor) => tf.scalar(t.dataSync()[0] as number),
      "dataSync() inside compiled function 'f'",
    ],
    ['a random operation in a trace', (t: tf.Tensor) => tf.add(t, tf.randomNormal([2])), 'pass it in as an argument'],
    ['dropout in a trace', (t: tf.Tensor) => tf.dropout(t, 0.5), 'tf.dropout inside compiled function'],
    ['an asynchronous function', async (t: tf.Tensor) => t, 'asynchronous'],
    [
      'a kernel without an ONNX form',
      (t: tf.Tensor) => tf.real(tf.fft(tf.complex(t, t))),
      "useDevice({ kind: 'cpu' })",
    ],
  ] as [string, (t: tf.Tensor) => unknown, string][])('%s', async (_, body, words) => {
    await expect(compile(body, { name: 'f' })(x())).rejects.toThrow(words);
  });

  it('awaiting data in a trace', async () => {
    const f = compile((t: tf.Tensor) => {
      void t.data().catch((e: Error) => messages.push(e.message));
      return t;
    });
    const messages: string[] = [];
    await f(x());
    expect(messages[0]).toContain('data() inside compiled function');
  });

  it('arguments that are neither tensors nor plain values, by their path', async () => {
    const f = compile((q: { a: { b: unknown } }) => q.a.b, { name: 'f' });
    await expect(f({ a: { b: new Float32Array(2) } })).rejects.toThrow('argument [0].a.b');
  });

  it('a changed signature where static was promised, by what changed', async () => {
    const f = compile((t: tf.Tensor) => tf.add(t, 1), { static: true, name: 'f' });
    await f(x());
    await expect(f(tf.tensor1d([1, 2, 3]))).rejects.toThrow(SignatureError);
    await expect(f(tf.tensor1d([1, 2, 3]))).rejects.toThrow('argument [0] was float32[2] and is now float32[3]');
  });

  it('synchronous reads, with the asynchronous way', () => {
    expect(() => tf.add(x(), 1).dataSync()).toThrow('await x.data()');
  });

  it('a provider that does not work here, with where to look', async () => {
    await expect(useDevice({ kind: 'onnx', provider: 'nonsense' as 'cuda' })).rejects.toThrow(DeviceError);
    await expect(useDevice({ kind: 'onnx', threads: 0 })).rejects.toThrow('threads must be a whole number >= 1');
  });
});
