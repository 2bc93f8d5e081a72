// Anderson's iteration against closed forms, and as a driver of a model.
import { useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { modelConfig } from '../model/config.ts';
import { initParams } from '../model/params.ts';
import { key, normal, randint } from '../rng/random.ts';
import { anderson, andersonIteration } from './anderson.ts';
import type { Driver } from './driver.ts';
import { paramSpecs } from './layout.ts';
import { runTrace } from './runTrace.ts';
import { fixedLoops, type Hidden } from './strategies/fixedLoops.ts';
import type { Strategy } from './strategy.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const d = 6;
/** Symmetric with eigenvalues 0.9, 0.7, ..., so that plain iteration is slow: `f(z) = z M + c` for each token. */
const M = tf.tidy(() => {
  const q = tf.linalg.qr(tf.tensor2d(normal(key(1), d * d), [d, d]))[0];
  const values = tf.tensor1d([0.95, 0.9, 0.7, -0.5, 0.3, 0.1]);
  return tf.matMul(tf.mul(q, values), q, false, true);
});
const c = tf.tensor3d(normal(key(2), 4 * d), [2, 2, d]);
const f = (z: tf.Tensor): tf.Tensor => tf.add(tf.reshape(tf.matMul(tf.reshape(z, [4, d]), M), [2, 2, d]), c);
const residual = (z: tf.Tensor): number => tf.sum(tf.squaredDifference(f(z), z)).dataSync()[0] as number;

describe('on a linear contraction', () => {
  it('is exact once it remembers as many evaluations as there are dimensions', () => {
    const iterate = andersonIteration({ memory: d + 1, ridge: 1e-7 });
    let z: tf.Tensor = tf.zeros([2, 2, d]);
    for (let i = 0; i <= d + 1; i++) z = iterate(z, f(z)).next;
    expect(residual(z) / residual(tf.zeros([2, 2, d]))).toBeLessThan(1e-6); // float32 normal equations
  });

  it('converges faster than plain iteration', () => {
    const iterate = andersonIteration({ memory: 5 });
    let [z, plain]: tf.Tensor[] = [tf.zeros([2, 2, d]), tf.zeros([2, 2, d])] as const;
    let best = z as tf.Tensor;
    for (let i = 0; i < 15; i++) {
      const found = iterate(z as tf.Tensor, f(z as tf.Tensor));
      [z, best] = [found.next, found.best];
      plain = f(plain as tf.Tensor);
    }
    expect(residual(best)).toBeLessThan(1e-4 * residual(plain as tf.Tensor));
  });

  it('weighs each token by itself', async () => {
    const run = (start: tf.Tensor) => {
      const iterate = andersonIteration();
      let z = start;
      for (let i = 0; i < 4; i++) z = iterate(z, f(z)).next;
      return tf.slice(z, [0, 0, 0], [1, 1, d]).data();
    };
    const zeros = tf.zeros([2, 2, d]);
    const other = tf.concat([tf.zeros([2, 1, d]), tf.ones([2, 1, d])], 1); // another second token
    expect(await run(other)).toEqual(await run(zeros));
  });

  it('stands still, finite, at the fixed point', async () => {
    const iterate = andersonIteration();
    const zero = tf.zeros([1, 1, 3]);
    let z: tf.Tensor = zero;
    for (let i = 0; i < 4; i++) z = iterate(z, zero).next;
    expect([...(await z.data())]).toEqual([0, 0, 0]);
  });

  it('keeps the evaluation with the smallest residual', async () => {
    const iterate = andersonIteration({ memory: 1 });
    const at = (x: number, y: number) => iterate(tf.fill([1, 1, 1], x), tf.fill([1, 1, 1], y));
    at(0, 5);
    at(5, 6); // the smallest step
    const { best, residual } = at(6, 9);
    expect([(await best.data())[0], (await residual.data())[0]]).toEqual([6, 9]);
  });
});

describe('as a driver', () => {
  const config = modelConfig({ vocab: 5, dModel: 16, heads: 2, layers: 1, loops: 12, dFF: 16, initStd: 0.3 });
  const strategy = (driver: Driver): Strategy<Hidden> => ({
    ...fixedLoops(),
    id: 'equilibrium',
    init: (ctx) => ({ h: tf.zerosLike(ctx.e) }),
    step: (s, _k, ctx) => ({ h: tf.mul(ctx.core(tf.add(s.h, tf.mul(ctx.e, 4))), 0.6) }), // contracts: the input outweighs h
    driver,
  });
  const ids = (row: number[]) => tf.tensor2d(row, [1, row.length], 'int32');
  const run = (s: Strategy<Hidden>, row = [...randint(key(3), 5, 5)], loops = 12) =>
    runTrace(config, s, initParams(paramSpecs(config, s), key(4)), { ids: ids(row) }, { train: false, loops })[0];

  it('gets closer to the fixed point than the same number of plain steps, and never loses ground', async () => {
    const plain = run(fixedUnroll());
    const solved = run(strategy(anderson()));
    const total = async (x: tf.Tensor | undefined) => [...((await x?.data()) ?? [])].reduce((a, b) => a + b, 0);
    expect(await total(solved?.residual(11))).toBeLessThan(0.05 * (await total(plain?.residual(11))));
    expect(solved?.states).toHaveLength(12);
    expect(solved?.logits(3).shape).toEqual([1, 5, 5]);
  });
  const fixedUnroll = () => strategy(fixedLoops().driver);

  it('does not let the future into the past before it has converged', async () => {
    const [a, b] = await Promise.all(
      [
        [1, 2, 3, 4],
        [1, 2, 3, 0],
      ].map(async (row) => run(strategy(anderson()), row, 5)?.logits(4).data()),
    );
    expect(b?.slice(0, 15)).toEqual(a?.slice(0, 15));
    expect(b?.slice(15)).not.toEqual(a?.slice(15));
  });

  it('says what its options are', () => {
    expect(anderson({ memory: 6 }).options).toEqual({ memory: 6, mixing: 1, ridge: 1e-4 });
    expect(() => anderson({ memory: 0 })).toThrow('memory must be >= 1 (got 0); set driver.memory');
  });
});
