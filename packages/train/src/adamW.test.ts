// AdamW against PyTorch's formula in float64 and against closed forms.
import type { ParamSpec } from '@looplab/core';
import { compile, useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AdamWState, adamWInit, adamWUpdate } from './adamW.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const spec = (name: string, shape: number[], decay: boolean): ParamSpec => ({ name, shape, init: 'zeros', decay });
const specs = [spec('w', [2, 2], true), spec('b', [2], false)];
const options = { betas: [0.9, 0.95], eps: 1e-8, weightDecay: 0.1, clipNorm: 1 } as const;

/** torch.optim.AdamW after clip_grad_norm_, written out in float64 for flat arrays. */
function torchAdamW(
  p: number[],
  grads: number[][],
  o: {
    lr: number[];
    decay: boolean[];
    betas: readonly [number, number];
    eps: number;
    weightDecay: number;
    clipNorm: number;
  },
): { p: number[]; norms: number[] } {
  const theta = [...p];
  const m = p.map(() => 0);
  const v = p.map(() => 0);
  const norms: number[] = [];
  grads.forEach((g, i) => {
    const norm = Math.hypot(...g);
    norms.push(norm);
    const clip = Math.min(1, o.clipNorm / (norm + 1e-6));
    const lr = o.lr[i] ?? 0;
    const [b1, b2] = o.betas;
    const [c1, c2] = [1 - b1 ** (i + 1), 1 - b2 ** (i + 1)];
    for (let k = 0; k < theta.length; k++) {
      const gk = (g[k] ?? 0) * clip;
      m[k] = b1 * (m[k] ?? 0) + (1 - b1) * gk;
      v[k] = b2 * (v[k] ?? 0) + (1 - b2) * gk * gk;
      let t = theta[k] ?? 0;
      if (o.decay[k]) t -= lr * o.weightDecay * t;
      theta[k] = t - ((lr / c1) * (m[k] ?? 0)) / (Math.sqrt(v[k] ?? 0) / Math.sqrt(c2) + o.eps);
    }
  });
  return { p: theta, norms };
}

describe('adamW', () => {
  test('five updates equal the PyTorch formula, with clipping, decay and a changing rate', async () => {
    const start = [0.5, -1, 2, 0.25, 0.1, -0.3];
    // The second gradient is large (clipped), the fourth tiny (eps matters), the fifth zero in places.
    const grads = [
      [0.1, -0.2, 0.05, 0.3, -0.1, 0.02],
      [10, -20, 5, 30, -1, 2],
      [0.01, 0.02, -0.03, 0.01, 0, 0.04],
      [1e-9, -1e-9, 2e-9, 0, 1e-9, 1e-9],
      [0, 0, 0, 1, 0, -1],
    ];
    const lr = [0.1, 0.1, 0.05, 0.02, 0.01];
    const expected = torchAdamW(start, grads, { ...options, lr, decay: [true, true, true, true, false, false] });

    let params: Record<string, tf.Tensor> = {
      w: tf.tensor(start.slice(0, 4), [2, 2]),
      b: tf.tensor(start.slice(4), [2]),
    };
    let state: AdamWState = adamWInit(params);
    const step = compile((p: typeof params, s: AdamWState, g: typeof params, rate: tf.Tensor) =>
      adamWUpdate(p, g, s, { ...options, lr: rate, specs }),
    );
    for (const [i, g] of grads.entries()) {
      const out = await step(
        params,
        state,
        { w: tf.tensor(g.slice(0, 4), [2, 2]), b: tf.tensor(g.slice(4), [2]) },
        tf.scalar(lr[i] ?? 0),
      );
      params = out.params;
      state = out.state;
      const norm = expected.norms[i] ?? 0;
      expect(Math.abs(((await out.gradNorm.data())[0] ?? 0) - norm)).toBeLessThan(1e-6 * norm + 1e-12);
    }
    const got = [...(await (params.w as tf.Tensor).data()), ...(await (params.b as tf.Tensor).data())];
    // float32 arithmetic over five updates of size <= 0.1: a few units of 2^-24 each
    got.forEach((x, k) => {
      expect(Math.abs(x - (expected.p[k] ?? 0))).toBeLessThan(2e-6);
    });
    expect((await state.step.data())[0]).toBe(5);
  });

  test('the first update moves every parameter by lr against the sign of its gradient', async () => {
    const params = { w: tf.tensor([1, 2, 3, 4], [2, 2]), b: tf.tensor([0, 0], [2]) };
    const grads = { w: tf.tensor([0.3, -0.2, 0.1, -0.1], [2, 2]), b: tf.tensor([0.2, -0.4], [2]) };
    const out = adamWUpdate(params, grads, adamWInit(params), {
      ...options,
      weightDecay: 0,
      lr: tf.scalar(0.01),
      specs,
    });
    const got = await (out.params.w as tf.Tensor).data();
    [0.99, 2.01, 2.99, 4.01].forEach((x, i) => {
      expect(got[i]).toBeCloseTo(x, 5);
    });
  });

  test('weight decay touches only the parameters that ask for it', async () => {
    const params = { w: tf.tensor([1, 1, 1, 1], [2, 2]), b: tf.tensor([1, 1], [2]) };
    const grads = { w: tf.zeros([2, 2]), b: tf.zeros([2]) };
    const out = adamWUpdate(params, grads, adamWInit(params), { ...options, lr: tf.scalar(0.5), specs });
    expect((await (out.params.w as tf.Tensor).data())[0]).toBeCloseTo(0.95, 6);
    expect((await (out.params.b as tf.Tensor).data())[0]).toBe(1);
  });

  test('clipNorm Infinity leaves the gradient as it is', async () => {
    const params = { w: tf.tensor([0, 0, 0, 0], [2, 2]), b: tf.tensor([0, 0], [2]) };
    const grads = { w: tf.tensor([100, 0, 0, 0], [2, 2]), b: tf.zeros([2]) };
    const free = adamWUpdate(params, grads, adamWInit(params), {
      ...options,
      clipNorm: Infinity,
      lr: tf.scalar(0.1),
      specs,
    });
    const clipped = adamWUpdate(params, grads, adamWInit(params), { ...options, lr: tf.scalar(0.1), specs });
    expect((await (free.state.m.w as tf.Tensor).data())[0]).toBeCloseTo(10, 4);
    expect((await (clipped.state.m.w as tf.Tensor).data())[0]).toBeCloseTo(0.1, 5);
  });

  test('a missing gradient is named', () => {
    const params = { w: tf.zeros([2, 2]), b: tf.zeros([2]) };
    expect(() =>
      adamWUpdate(params, { w: tf.zeros([2, 2]) }, adamWInit(params), { ...options, lr: tf.scalar(0.1), specs }),
    ).toThrow(/'b'/);
  });
});
