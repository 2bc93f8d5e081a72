// Vector-Jacobian products, alone and inside a backward pass.
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { compile, useDevice, valueAndGrad, vjp } from './index.ts';

const a = () => tf.tensor2d([0.1, 0.4, -0.3, 0.2], [2, 2]);

describe.each(['cpu', 'onnx'] as const)('on %s', (kind) => {
  it('is the transposed map, over trees', async () => {
    await useDevice({ kind });
    const f = compile((x: { p: tf.Tensor; q: tf.Tensor }, dy: tf.Tensor[]) =>
      vjp(({ p, q }) => [tf.matMul(p, a()), tf.square(q)], x, dy),
    );
    const x = { p: tf.ones([1, 2]), q: tf.scalar(3) };
    const got = await f(x, [tf.tensor2d([1, 10], [1, 2]), tf.scalar(2)]);
    expect([...(await got.p.data())].map((v) => Math.round(v * 1e6) / 1e6)).toEqual([4.1, 1.7]); // dy A^T
    expect((await got.q.data())[0]).toBeCloseTo(12, 5);
  });

  it('works where a custom gradient needs it, and leaves the outer gradient whole', async () => {
    await useDevice({ kind });
    // forward x^2, backward (d/dx x^3) dy: only a nested gradient can tell
    const odd = (x: tf.Tensor): tf.Tensor =>
      tf.customGrad((...args) => {
        const [y, save] = args as unknown as [tf.Tensor, (t: tf.Tensor[]) => void]; // tfjs passes save last
        save([y]);
        return {
          value: tf.square(y),
          gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => vjp((z) => tf.pow(z, 3), saved[0] as tf.Tensor, dy),
        };
      })(x);
    const f = compile(valueAndGrad((p: { x: tf.Tensor }) => tf.sum(tf.mul(odd(tf.mul(p.x, 2)), p.x))));
    const { value, grads } = await f({ x: tf.tensor1d([1, 2]) });
    expect((await value.data())[0]).toBeCloseTo(4 * 1 + 16 * 2, 4);
    // d/dx [odd(2x) x] = 2 x 3 (2x)^2 + (2x)^2
    expect([...(await grads.x.data())]).toEqual([24 + 4, 192 + 16]);
  });

  it('refuses what has no gradient', () => {
    expect(() => vjp((x: tf.Tensor) => x, tf.scalar(1, 'int32'), tf.scalar(1))).toThrow(
      'vjp: parameters must be float32 (got int32)',
    );
  });
});
