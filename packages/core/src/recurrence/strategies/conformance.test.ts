// What every strategy must do, whatever it is: the registry's, and odd ones that exercise each field of the interface.
import { linear, useDevice, valueAndGrad } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { Decoder } from '../../generate/decoder.ts';
import { perLoop } from '../../kv/perLoop.ts';
import { type ModelConfig, modelConfig } from '../../model/config.ts';
import { initParams, type Params } from '../../model/params.ts';
import { fold, key, normal, randint } from '../../rng/random.ts';
import { flops } from '../flops.ts';
import { paramSpecs } from '../layout.ts';
import { drawNoise } from '../noise.ts';
import { isLoop, loopPlan } from '../plan.ts';
import { runTrace, type TraceOptions } from '../runTrace.ts';
import type { State } from '../state.ts';
import type { Strategy } from '../strategy.ts';
import { fixedLoops } from './fixedLoops.ts';
import { strategies, strategyById } from './registry.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const config = modelConfig({ vocab: 9, dModel: 8, heads: 2, layers: 2, loops: 3, dFF: 12, initStd: 0.4 });
const [batch, seq] = [2, 5];
const ids = () => tf.tensor2d(randint(key(1), batch * seq, 9), [batch, seq], 'int32');
const leaf = (s: State, name: string): tf.Tensor => s[name] as tf.Tensor; // each strategy below knows its leaves

/** Two states, two cores with layers of their own, gradient through the last two calls only (HRM's pattern). */
const nested: Strategy = {
  ...fixedLoops(),
  id: 'nested',
  cores: () => [{ name: 'low' }, { name: 'high', layers: 1 }],
  params: (c) => [{ name: 'z0', shape: [1, 1, c.dModel], init: { normal: 0.5 }, decay: false }],
  plan: () => [{ steps: ['low', 'low', 'high', 'low', 'low', 'high'].map((core, t) => ({ core, t, grad: t >= 4 })) }],
  init: (c) => ({ H: tf.add(tf.zerosLike(c.e), c.model.param('z0')), L: tf.zerosLike(c.e) }),
  step: (s, k, c) =>
    k.core === 'high'
      ? { H: c.core(tf.add(leaf(s, 'H'), leaf(s, 'L'))), L: leaf(s, 'L') }
      : { H: leaf(s, 'H'), L: c.core(tf.add(leaf(s, 'L'), tf.add(leaf(s, 'H'), c.e))) },
  read: (s, c) => c.model.head(leaf(s, 'H')),
};

/** Tokens stop by themselves, an accumulator is read (adaptive computation time's pattern), with a ponder term. */
const accumulating: Strategy = {
  ...fixedLoops(),
  id: 'accumulating',
  gives: ['readouts', 'halt'],
  params: (c) => [{ name: 'gate', shape: [1, c.dModel], init: { normal: 1 }, decay: false }],
  init: (c) => ({ h: c.e, sum: tf.zerosLike(c.e), mass: tf.zeros([...c.inputs.ids.shape]) }),
  active: (s) => tf.cast(tf.less(leaf(s, 'mass'), 0.95), 'float32'),
  step: (s, _k, c) => {
    const h = c.core(leaf(s, 'h'));
    const p = tf.sigmoid(tf.squeeze(linear(h, c.model.param('gate')), [2]));
    const w = tf.minimum(p, tf.sub(1, leaf(s, 'mass')));
    return { h, sum: tf.add(leaf(s, 'sum'), tf.mul(h, tf.expandDims(w, 2))), mass: tf.add(leaf(s, 'mass'), w) };
  },
  halt: (s) => tf.sub(leaf(s, 'mass'), 0.5),
  terms: (_before, after) => ({ ponder: tf.mean(leaf(after, 'mass')) }),
  read: (s, c) => c.model.head(leaf(s, 'sum')),
};

/** A core twice as wide as the model (Parcae's pattern). */
const wide: Strategy = {
  ...fixedLoops(),
  id: 'wide',
  cores: (c) => [{ name: 'wide', dModel: 2 * c.dModel, heads: 2 * c.heads, dFF: 16 }],
  params: (c) => [
    { name: 'in', shape: [2 * c.dModel, c.dModel], init: { normal: 0.4 }, decay: true },
    { name: 'out', shape: [c.dModel, 2 * c.dModel], init: { normal: 0.4 }, decay: true },
  ],
  plan: ({ loops }) => [{ steps: loopPlan(loops).steps.map((k) => ({ ...k, core: 'wide' })) }],
  init: (c) => ({ h: linear(c.e, c.model.param('in')) }),
  step: (s, _k, c) => ({ h: c.core(leaf(s, 'h')) }),
  read: (s, c) => c.model.head(linear(leaf(s, 'h'), c.model.param('out'))),
};

/** Later loops write no keys of their own and read those of the first. */
const sharing: Strategy = {
  ...fixedLoops(),
  id: 'sharing',
  kv: { ...perLoop(), id: 'firstLoop', slot: (t) => (t === 0 ? 0 : null), views: () => [{ slots: [0] }] },
};

/** Two trajectories and a random start. */
const parallelPair: Strategy = {
  ...fixedLoops(),
  id: 'pair',
  gives: ['readouts', 'trajectories'],
  plan: ({ loops }) => [
    { ...loopPlan(loops), tag: 'long' },
    { ...loopPlan(1), tag: 'short' },
  ],
  noise: (c) => [{ name: 'h0', per: 'token', shape: [c.dModel], law: 'normal' }],
  init: (c) => ({ h: tf.add(c.e, c.noise('h0')) }),
};

/** Loops of the strategies that want a certain number of them. */
const loopsOf: Readonly<Record<string, number>> = { plain: 1, coconut: 7 };
const all: [string, Strategy, ModelConfig][] = [
  ...strategies.map((s): [string, Strategy, ModelConfig] => [
    s.id,
    strategyById(s.id),
    { ...config, loops: loopsOf[s.id] ?? config.loops },
  ]),
  ...[nested, accumulating, wide, sharing, parallelPair].map((s): [string, Strategy, ModelConfig] => [s.id, s, config]),
];
/** Parameters away from their initial values, so that zeros hide nothing. */
const make = (c: ModelConfig, s: Strategy): Params =>
  Object.fromEntries(
    Object.entries(initParams(paramSpecs(c, s), key(5))).map(([name, x]) => [
      name,
      tf.add(x, tf.mul(tf.tensor(normal(fold(key(6), name), x.size), x.shape), 0.1)),
    ]),
  );
const noiseOf = (c: ModelConfig, s: Strategy, loops = c.loops): Pick<TraceOptions, 'noise'> => ({
  noise: drawNoise(c, s, { batch, seq, loops }, key(2)),
});
/** How a first update is made, noise included. */
const updateOf = (c: ModelConfig, s: Strategy): TraceOptions => {
  const update = s.schedule?.({ step: 0, steps: 100, key: key(3), config: c }) ?? {};
  return { train: true, ...update, ...noiseOf(c, s, update.loops) };
};

describe.each(all)('%s', (_, s, c) => {
  it('gives finite logits for each step of each trajectory', async () => {
    const traces = runTrace(c, s, make(c, s), { ids: ids() }, updateOf(c, s));
    for (const trace of traces) {
      expect(trace.states).toHaveLength(trace.plan.steps.filter(isLoop).length);
      for (let t = 0; t < trace.states.length; t++) {
        expect(trace.logits(t).shape).toEqual([batch, seq, c.vocab]);
        expect((await trace.logits(t).data()).every(Number.isFinite)).toBe(true);
        expect(trace.residual(t).shape).toEqual([batch, seq]);
      }
      expect(trace.halt).toHaveLength(s.gives.includes('halt') ? trace.states.length : 0);
    }
  });

  it('has finite gradients and every parameter that it declares is used', async () => {
    const loss = (p: Params) => {
      const traces = runTrace(c, s, p, { ids: ids() }, updateOf(c, s));
      const parts = traces.flatMap((t) => [
        tf.mean(tf.square(t.logits(t.states.length - 1))),
        ...t.halt.map((z) => tf.mean(z)),
      ]);
      return parts.reduce((a, b) => tf.add(a, b));
    };
    const { grads } = valueAndGrad(loss)(make(c, s));
    for (const [name, g] of Object.entries(grads)) {
      const values = await g.data();
      expect(values.every(Number.isFinite), name).toBe(true);
      const cutOff = s.id === 'nested' && /^(strategy|model\.embed)/.test(name); // behind the steps without gradient
      if (!cutOff || name.startsWith('model.embed'))
        expect(
          values.some((x) => x !== 0),
          name,
        ).toBe(true);
      else
        expect(
          values.every((x) => x === 0),
          name,
        ).toBe(true);
    }
  });

  it('counts FLOPs that grow with loops, and threefold in training where all is differentiated', () => {
    const work = { batch, seq };
    const { hp = {}, loops = c.loops } = s.schedule?.({ step: 0, steps: 100, key: key(3), config: c }) ?? {};
    const training = flops(c, s, { ...work, loops, hp, train: true });
    if (!s.gives.includes('trajectories') && s.gradient === 'bptt')
      expect(training).toBeLessThanOrEqual(3 * flops(c, s, { ...work, loops }));
    if (!['plain', 'isoFlop', 'nested'].includes(s.id)) {
      expect(flops(c, s, { ...work, loops: 4 })).toBeGreaterThan(flops(c, s, { ...work, loops: 2 }));
    }
  });

  it('decodes token by token as it computes in parallel (1e-5, float32)', async () => {
    const p = make(c, s);
    if (s.inexact ?? s.kv.inexact) return; // they say why not
    const x = ids();
    const [trace] = runTrace(c, s, p, { ids: x }, { train: false, ...noiseOf(c, s) });
    const want = (await trace?.logits(trace.states.length - 1).data()) ?? new Float32Array();
    for (const pieces of [
      [1, 1, 1, 1, 1],
      [3, 2],
    ]) {
      const decoder = new Decoder(c, s, p, { block: 2, key: key(2) });
      const parts: tf.Tensor[] = [];
      for (const n of pieces)
        parts.push((await decoder.feed({ ids: tf.slice(x, [0, decoder.length], [batch, n]) }, { exit: null })).logits);
      decoder.dispose();
      const got = await tf.concat(parts, 1).data();
      const largest = Math.max(1, ...want.map(Math.abs));
      const gap = Math.max(...got.map((y, i) => Math.abs(y - (want[i] as number))));
      expect(gap / largest, `${pieces}`).toBeLessThan(1e-5);
    }
  });
});

describe.each(strategies)('options of $id', ({ schema }) => {
  it('are described, every one', () => {
    for (const [name, option] of Object.entries(schema.shape)) expect(option.description, name).toBeTruthy();
  });
});

describe('the odd ones', () => {
  it('train what their planned gradient reaches', async () => {
    const steps = nested.plan({ config, loops: 3, train: true, hp: () => 0 })[0]?.steps ?? [];
    expect(steps.filter((k) => k.grad)).toHaveLength(2);
    expect(flops(config, nested, { batch, seq, train: true })).toBeLessThan(3 * flops(config, nested, { batch, seq }));
  });

  it('hold back tokens that have stopped, and hand on their own loss terms', async () => {
    const [trace] = runTrace(config, accumulating, make(config, accumulating), { ids: ids() }, { train: true });
    const computed = await Promise.all((trace?.active ?? []).map(async (a) => [...((await a?.data()) ?? [])]));
    expect(computed[0]?.every((x) => x === 1)).toBe(true);
    const last = computed.at(-1) ?? [];
    expect(last.includes(0) && last.includes(1), 'some tokens must stop and some go on').toBe(true);
    expect(Object.keys(trace?.terms[0] ?? {})).toEqual(['ponder']);
  });

  it('start where their noise puts them', async () => {
    const p = make(config, parallelPair);
    const run = (seed: number) => {
      const h0 = tf.tensor(normal(key(seed), batch * seq * 8), [batch, seq, 8]);
      return runTrace(config, parallelPair, p, { ids: ids() }, { train: true, noise: { h0 } }).map((t) => t.logits(0));
    };
    expect(await run(1)[0]?.data()).toEqual(await run(1)[1]?.data()); // both trajectories begin alike
    expect(await run(1)[0]?.data()).not.toEqual(await run(2)[0]?.data());
    expect(() => runTrace(config, parallelPair, p, { ids: ids() }, { train: true })).toThrow(
      "strategy pair: noise('h0') was not given",
    );
  });
});
