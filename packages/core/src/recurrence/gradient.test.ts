// Implicit and phantom gradients against the closed form of a linear fixed point and against long back-propagation.
import { compile, useDevice, valueAndGrad } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { perLoop } from '../kv/perLoop.ts';
import { modelConfig } from '../model/config.ts';
import { initParams, type Params } from '../model/params.ts';
import { key, normal, randint } from '../rng/random.ts';
import { anderson } from './anderson.ts';
import { unroll } from './driver.ts';
import { paramSpecs } from './layout.ts';
import { loopPlan } from './plan.ts';
import { runTrace } from './runTrace.ts';
import { fixedLoops, type Hidden } from './strategies/fixedLoops.ts';
import type { Strategy } from './strategy.ts';

const [batch, seq, d] = [2, 3, 4];
const config = modelConfig({ vocab: 5, dModel: d, heads: 1, layers: 1, loops: 40, dFF: 6, initStd: 0.3 });
const ids = () => tf.tensor2d(randint(key(1), batch * seq, 5), [batch, seq], 'int32');
const fill = (seed: number, shape: number[], scale = 1) =>
  tf.tensor(
    normal(
      key(seed),
      shape.reduce((a, b) => a * b, 1),
    ).map((x) => x * scale),
    shape,
  );

/** `f(z) = A z + b + e`, around a core call that is computed and multiplied by 0. */
const linearStep: Strategy<Hidden> = {
  ...fixedLoops(),
  id: 'linear',
  params: () => [
    { name: 'A', shape: [d, d], init: 'zeros', decay: false },
    { name: 'b', shape: [d], init: 'zeros', decay: false },
  ],
  plan: ({ loops }) => [loopPlan(loops)],
  init: (c) => ({ h: tf.zerosLike(c.e) }),
  step: (s, _k, c) => {
    const az = tf.reshape(tf.matMul(tf.reshape(s.h, [batch * seq, d]), c.model.param('A'), false, true), s.h.shape);
    return { h: tf.add(tf.add(az, c.model.param('b')), tf.add(c.e, tf.mul(c.core(s.h), 0))) };
  },
  read: (s, c) => c.model.head(s.h),
};

/** A step of the real core that contracts, since it is damped. */
const contraction: Strategy<Hidden> = {
  ...fixedLoops(),
  id: 'contraction',
  init: (c) => ({ h: tf.zerosLike(c.e) }),
  step: (s, _k, c) => ({ h: tf.mul(c.core(tf.add(s.h, c.e)), 0.3) }),
};

const A = () => tf.add(fill(3, [d, d], 0.25), tf.mul(tf.eye(d), 0.3));
const paramsOf = <S extends Hidden>(s: Strategy<S>): Params => {
  const made = initParams(paramSpecs(config, s), key(2));
  return s.id === 'linear' ? { ...made, 'strategy.linear.A': A(), 'strategy.linear.b': fill(4, [d]) } : made;
};
const weight = () => fill(5, [batch, seq, d]);

/** Gradients of `sum(w . h_last)` in training. */
async function gradients<S extends Hidden>(
  s: Strategy<S>,
  loops: number,
  compiled = false,
): Promise<Record<string, Float32Array>> {
  const f = (p: Params) => {
    const [trace] = runTrace(config, s, p, { ids: ids() }, { train: true, loops });
    return tf.sum(tf.mul(trace?.states.at(-1)?.h as tf.Tensor, weight()));
  };
  const { grads } = compiled ? await compile(valueAndGrad(f))(paramsOf(s)) : valueAndGrad(f)(paramsOf(s));
  const entries = Object.entries(grads).map(async ([n, g]) => [n, (await g.data()) as Float32Array] as const);
  return Object.fromEntries(await Promise.all(entries));
}

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, relative: number, what: string): void {
  const scale = Math.max(...Array.from(want, Math.abs));
  expect(got.length).toBe(want.length);
  const worst = Math.max(...Array.from(got, (x, i) => Math.abs(x - (want[i] as number))));
  expect(worst / scale, what).toBeLessThan(relative);
}

beforeEach(() => useDevice({ kind: 'cpu' }));

describe('the fixed point of z = A z + b + e', () => {
  /** dL/db = sum over tokens of u, dL/dA = sum over tokens of u z^T, with u = (I - A^T)^-1 w and z = (I - A)^-1 (b + e). */
  async function analytic(): Promise<{ a: Float32Array; b: Float32Array }> {
    const p = paramsOf(linearStep);
    const solve = async (m: tf.Tensor, rhs: tf.Tensor) => {
      // The Neumann series, far past float32's reach: the largest eigenvalue is below 0.9.
      let x = rhs;
      let term = rhs;
      for (let i = 0; i < 400; i++) {
        term = tf.matMul(term, m, false, true);
        x = tf.add(x, term);
      }
      return x;
    };
    const e = tf.reshape(tf.gather(p['model.embed_tokens.weight'] as tf.Tensor, ids()), [batch * seq, d]);
    const z = await solve(A(), tf.add(e, p['strategy.linear.b'] as tf.Tensor));
    const u = await solve(tf.transpose(A()), tf.reshape(weight(), [batch * seq, d]));
    return {
      a: (await tf.matMul(u, z, true, false).data()) as Float32Array,
      b: (await tf.sum(u, 0).data()) as Float32Array,
    };
  }

  it.each([
    ['cpu', 'unroll', unroll, 80],
    ['cpu', 'anderson', anderson(), 16],
    ['onnx', 'anderson', anderson(), 16],
  ] as const)('has its implicit gradient on %s with %s', async (kind, _, driver, loops) => {
    const want = await analytic();
    await useDevice({ kind });
    const s: Strategy<Hidden> = { ...linearStep, driver, gradient: { implicit: 20 } };
    const got = await gradients(s, loops, kind === 'onnx');
    expectClose(got['strategy.linear.A'] as Float32Array, want.a, 1e-4, 'A');
    expectClose(got['strategy.linear.b'] as Float32Array, want.b, 1e-4, 'b');
  });

  it('has the phantom gradient of its truncated, damped series', async () => {
    // k damped steps from z*: dL/db = tau sum_{i<k} M^i w with M = tau A^T + (1 - tau) I
    const [k, tau] = [3, 0.6];
    const s: Strategy<Hidden> = { ...linearStep, gradient: { phantom: k, tau } };
    const got = await gradients(s, 80);
    const m = tf.add(tf.mul(A(), tau), tf.mul(tf.eye(d), 1 - tau));
    let term = tf.reshape(weight(), [batch * seq, d]);
    let sum = term;
    for (let i = 1; i < k; i++) {
      term = tf.matMul(term, m);
      sum = tf.add(sum, term);
    }
    expectClose(got['strategy.linear.b'] as Float32Array, await tf.mul(tf.sum(sum, 0), tau).data(), 1e-4, 'b');
  });
});

describe('the fixed point of the real core', () => {
  it('has the gradient of long back-propagation, of every parameter and the input', async () => {
    const want = await gradients(contraction, 40);
    const implicit = await gradients({ ...contraction, gradient: 'implicit' }, 40);
    const phantom = await gradients({ ...contraction, gradient: { phantom: 20, tau: 1 } }, 40);
    for (const [name, w] of Object.entries(want)) {
      if (w.every((x) => x === 0)) continue; // the head is not read here
      expectClose(implicit[name] as Float32Array, w, 1e-3, `implicit ${name}`);
      expectClose(phantom[name] as Float32Array, w, 1e-3, `phantom ${name}`);
    }
    expect(want['model.embed_tokens.weight']?.some((x) => x !== 0)).toBe(true);
  });

  it.each([
    ['as init has them', false],
    ['the other way round', true],
  ])('with two leaves, which step returns %s', async (_, isTurned) => {
    const two: Strategy<Hidden & { g: tf.Tensor }> = {
      ...contraction,
      id: 'two',
      init: (c) => ({ h: tf.zerosLike(c.e), g: tf.zerosLike(c.e) }), // not in the order of the alphabet
      step: (s, _k, c) => {
        const h = tf.mul(c.core(tf.add(tf.add(s.h, tf.mul(s.g, 0.5)), c.e)), 0.3);
        const g = tf.add(tf.mul(s.g, -0.4), tf.mul(s.h, 0.3));
        return isTurned ? { g, h } : { h, g };
      },
      read: (s, c) => c.model.head(s.h),
    };
    const want = await gradients(two, 60);
    const implicit = await gradients({ ...two, driver: anderson(), gradient: { implicit: 25 } }, 30);
    for (const [name, w] of Object.entries(want))
      if (w.some((x) => x !== 0)) expectClose(implicit[name] as Float32Array, w, 1e-3, name);
  });

  it('is not what a single step would give', async () => {
    const want = await gradients(contraction, 40);
    const one = await gradients({ ...contraction, gradient: { phantom: 1, tau: 1 } }, 40);
    const name = 'model.embed_tokens.weight';
    expect(() => expectClose(one[name] as Float32Array, want[name] as Float32Array, 1e-2, name)).toThrow();
  });

  it('is the same compiled', async () => {
    const s: Strategy<Hidden> = { ...contraction, gradient: { implicit: 8 }, driver: anderson({ memory: 3 }) };
    const want = await gradients(s, 8);
    await useDevice({ kind: 'onnx' });
    const got = await gradients(s, 8, true);
    for (const [name, w] of Object.entries(want))
      if (w.some((x) => x !== 0)) expectClose(got[name] as Float32Array, w, 1e-3, name);
  });

  it('leaves evaluation to the driver alone', () => {
    const s: Strategy<Hidden> = { ...contraction, gradient: { phantom: 2, tau: 0.5 } };
    const run = (t: Strategy<Hidden>) =>
      runTrace(config, t, paramsOf(t), { ids: ids() }, { train: false, loops: 4 })[0]?.states.at(-1)?.h.dataSync();
    expect(run(s)).toEqual(run(contraction));
  });

  it('gives as many states in training as there are loops', () => {
    for (const gradient of ['bptt', 'implicit', { phantom: 3, tau: 0.5 }] as const) {
      const [trace] = runTrace(
        config,
        { ...contraction, gradient },
        paramsOf(contraction),
        { ids: ids() },
        { train: true, loops: 6 },
      );
      expect(trace?.states).toHaveLength(6);
      expect(trace?.active).toHaveLength(6);
    }
  });
});

it('refuses plans too short and settings that mean nothing', () => {
  const run = (gradient: Strategy['gradient'], loops = 2) =>
    runTrace(config, { ...contraction, gradient }, paramsOf(contraction), { ids: ids() }, { train: true, loops });
  expect(() => run({ phantom: 3, tau: 0.5 })).toThrow(
    'needs a plan of at least 3 steps, none of them inner or ahead (got 2)',
  );
  expect(() => run({ phantom: 1, tau: 0 })).toThrow(
    'strategy contraction: gradient {"phantom":1,"tau":0} takes a tau in (0, 1] (got 0)',
  );
  const shared = { ...perLoop(), id: 'shared', views: () => [{ slots: [0] }] };
  const sharing = { ...contraction, gradient: 'implicit', kv: shared } as const;
  expect(() => runTrace(config, sharing, paramsOf(sharing), { ids: ids() }, { train: true, loops: 3 })).toThrow(
    'strategy contraction: gradient implicit is that of a fixed point of one step, but with kv policy shared step 1 attends to what other steps wrote; use a policy of a slot a step, such as perLoop',
  );
  expect(() => run({ implicit: 0 })).toThrow('takes a whole number of iterations >= 1 (got 0)');
});
