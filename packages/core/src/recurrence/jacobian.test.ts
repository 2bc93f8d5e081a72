// The Jacobian measurement against the matrix of a linear step.
import { useDevice, valueAndGrad } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { modelConfig } from '../model/config.ts';
import { initParams, type Params } from '../model/params.ts';
import { key } from '../rng/random.ts';
import { paramSpecs } from './layout.ts';
import { drawNoise } from './noise.ts';
import { runTrace } from './runTrace.ts';
import { fixedLoops, type Hidden } from './strategies/fixedLoops.ts';
import type { Strategy } from './strategy.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const [batch, seq, d] = [20, 100, 4];
const config = modelConfig({ vocab: 5, dModel: d, heads: 1, layers: 1, loops: 2, dFF: 4 });
/** `f(z) = z A + e`. */
const linearStep: Strategy<Hidden> = {
  ...fixedLoops(),
  id: 'linear',
  gives: ['readouts', 'jacobian'],
  noise: () => [{ name: 'jacobian', per: 'token', shape: [d], law: 'normal' }],
  params: () => [{ name: 'A', shape: [d, d], init: { normal: 0.5 }, decay: false }],
  step: (s, _k, c) => {
    const [b, t] = s.h.shape as [number, number];
    const az = tf.reshape(tf.matMul(tf.reshape(s.h, [b * t, d]), c.model.param('A')), s.h.shape);
    return { h: tf.add(tf.add(az, c.e), tf.mul(c.core(tf.slice(s.h, [0, 0, 0], [b, t, d])), 0)) };
  },
};
const params = (): Params => initParams(paramSpecs(config, linearStep), key(1));
const matrix = async (): Promise<number[][]> => (await params()['strategy.linear.A']?.array()) as number[][];
const measure = (p: Params, b: number, s: number) => {
  const ids = tf.zeros([b, s], 'int32');
  const noise = drawNoise(config, linearStep, { batch: b, seq: s, loops: 2 }, key(7));
  const [trace] = runTrace(config, linearStep, p, { ids }, { train: true, noise });
  return { noise, jacobian: trace?.jacobian as tf.Tensor };
};

it('is |v A|^2 / width along the direction drawn', async () => {
  const a = await matrix();
  const { noise, jacobian } = measure(params(), 1, 3);
  const v = (await noise.jacobian?.array()) as number[][][];
  const want = (v[0] as number[][]).map((row) => {
    const va = a[0]?.map((_, j) => row.reduce((s, x, i) => s + x * (a[i]?.[j] ?? 0), 0)) ?? [];
    return va.reduce((s, x) => s + x * x, 0) / d;
  });
  const got = [...(await jacobian.data())];
  got.forEach((x, i) => {
    expect(x).toBeCloseTo(want[i] as number, 3); // a forward difference of step 1e-2 in float32
  });
});

it('estimates the squared Frobenius norm without bias', async () => {
  const a = await matrix();
  const norm = a.flat().reduce((s, x) => s + x * x, 0) / d;
  const samples = [...(await measure(params(), batch, seq).jacobian.data())];
  const mean = samples.reduce((s, x) => s + x, 0) / samples.length;
  const deviation = Math.sqrt(samples.reduce((s, x) => s + (x - mean) ** 2, 0) / samples.length);
  // 2000 draws: four standard errors
  expect(Math.abs(mean - norm)).toBeLessThan((4 * deviation) / Math.sqrt(samples.length));
  expect(deviation).toBeGreaterThan(0);
});

it('has the gradient of that norm, by first derivatives alone', async () => {
  const { grads } = valueAndGrad((p: Params) => tf.sum(measure(p, 1, 3).jacobian))(params());
  const v = tf.reshape(measure(params(), 1, 3).noise.jacobian as tf.Tensor, [3, d]);
  const va = tf.matMul(v, params()['strategy.linear.A'] as tf.Tensor);
  const want = await tf.mul(tf.matMul(v, va, true, false), 2 / d).data(); // d |v A|^2 / dA = 2 v^T (v A)
  const got = (await (grads as Params)['strategy.linear.A']?.data()) as Float32Array;
  got.forEach((x, i) => {
    expect(x).toBeCloseTo(want[i] as number, 2);
  });
});

it('is there only where the strategy gives it, and asks for its direction', () => {
  const silent: Strategy<Hidden> = { ...linearStep, gives: ['readouts'] };
  const ids = tf.zeros([1, 2], 'int32');
  expect(runTrace(config, silent, params(), { ids }, { train: true })[0]?.jacobian).toBeUndefined();
  const { noise: _, ...undeclared } = linearStep;
  expect(() => runTrace(config, undeclared, params(), { ids }, { train: true })).toThrow(
    "strategy linear: gives lists 'jacobian', but noise() declares no direction to measure along",
  );
});
