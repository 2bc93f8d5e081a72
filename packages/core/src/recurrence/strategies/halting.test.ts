// Strategies whose tokens stop: weights that sum to 1, the remainder, the ponder cost, and who goes on computing.
import { linear, valueAndGrad } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { modelConfig } from '../../model/config.ts';
import { exitLogProbs } from '../halting.ts';
import type { Trace } from '../trace.ts';
import { ponderNet } from './ponderNet.ts';
import { relay } from './relay.ts';
import { sinusoid } from './sinusoid.ts';
import { type StickState, sut } from './sut.ts';
import { batch, coreOf, embedded, gap, injected, numbers, run1, seq, small, start } from './trial.test-data.ts';
import { type ActState, universalTransformer } from './universalTransformer.ts';

const logit = (p: number): number => Math.log(p / (1 - p));
const total = async (trace: Trace): Promise<number> => {
  const parts = await Promise.all(trace.terms.map(async ({ ponder }) => (await numbers(ponder))[0] ?? Number.NaN));
  return parts.reduce((a, b) => a + b);
};
const first = async (x: tf.Tensor | undefined): Promise<number> => (await numbers(x))[0] ?? Number.NaN;

describe('universalTransformer', () => {
  const gate = 'strategy.universalTransformer.halt';
  /** Every token halts with probability `p` after every loop. */
  const paramsAt = (p: number) =>
    start(universalTransformer(), { [`${gate}.weight`]: tf.zeros([1, 8]), [`${gate}.bias`]: tf.tensor1d([logit(p)]) });
  const at = (p: number, loops: number): Trace<ActState> =>
    run1(universalTransformer(), { params: paramsAt(p), options: { loops } });

  // p = 0.3: 0.3, 0.6, 0.9, 1.2 >= 0.99, so N = 4 and R = 1 - 0.9; cut off at three loops R = 1 - 0.6
  it.each([
    [0.5, 5, 2, 0.5],
    [0.3, 5, 4, 0.1],
    [0.3, 4, 4, 0.1],
    [0.3, 3, 3, 0.4],
    [0.995, 3, 1, 1],
    [0.001, 2, 2, 0.999],
  ])('p = %d over at most %i loops: N = %i, R = %d, ponder N + R (float32, 1e-5)', async (p, loops, N, R) => {
    const trace = at(p, loops);
    const made = await Promise.all(trace.active.map((a) => numbers(a)));
    expect(made.map((row) => row.reduce((a, b) => a + b) / (batch * seq))).toEqual(
      Array.from({ length: loops }, (_, t) => (t < N ? 1 : 0)),
    );
    expect(1 - (await first(trace.states.at(-1)?.mass))).toBeCloseTo(R, 5);
    expect(await total(trace)).toBeCloseTo(N + R, 5);
  });

  it('gives the weighted mean of the states, the last one weighing the remainder (float32, 1e-5)', async () => {
    const trace = at(0.3, 5);
    const states = trace.states.map((s) => s.h);
    const want = [0.3, 0.3, 0.3, 0.1].map((w, t) => tf.mul(states[t] as tf.Tensor, w)).reduce((a, b) => tf.add(a, b));
    const { sum, mass, h } = trace.states.at(-1) as ActState;
    expect(await gap(tf.add(sum, tf.mul(tf.expandDims(tf.sub(1, mass), 2), h)), want)).toBeLessThan(1e-5);
    expect(await gap(states[4], states[3])).toBe(0); // stopped
    const head = paramsAt(0.3)['lm_head.weight'] as tf.Tensor; // every model has it
    expect(await gap(trace.logits(4), linear(want, head))).toBeLessThan(1e-5);
  });

  it('read after fewer loops is the model that was allowed no more', async () => {
    const [long, short] = [at(0.2, 4), at(0.2, 2)];
    expect(await gap(long.logits(1), short.logits(1))).toBe(0);
    expect(await gap(long.logits(3), short.logits(1))).toBeGreaterThan(1e-3);
  });

  it('is pushed to stop sooner by the remainder alone: dP/dp_n = -1 for n < N (float32, 1e-5)', async () => {
    const s = universalTransformer();
    const params = start(s, { [`${gate}.weight`]: tf.zeros([1, 8]), [`${gate}.bias`]: tf.tensor1d([logit(0.3)]) });
    const cost = (p: typeof params) => {
      const { terms } = run1(s, { params: p, options: { loops: 5, train: true } });
      return terms.map((t) => t.ponder as tf.Tensor).reduce((a, b) => tf.add(a, b));
    };
    const { grads } = valueAndGrad(cost)(params);
    expect(await first(grads[`${gate}.bias`])).toBeCloseTo(-3 * 0.3 * 0.7, 5);
  });

  it('tells the core which loop it is in (float32, 1e-5)', async () => {
    const s = universalTransformer();
    const p = start(s);
    const want = coreOf(p, tf.add(injected(p), sinusoid(1, 8)));
    expect(await gap(run1(s, { params: p }).states[0]?.h, want)).toBeLessThan(1e-5);
    const waves = await numbers(sinusoid(2, 5));
    [Math.sin(2), Math.sin(0.02), Math.cos(2), Math.cos(0.02), 0].forEach(
      (x, i) => void expect(waves[i]).toBeCloseTo(x, 6),
    );
  });

  it('counts no padding', async () => {
    const keyMask = tf.tensor2d([1, 1, 1, 0, 1, 1, 0, 0], [2, 4]);
    const s = universalTransformer();
    const trace = run1(s, { inputs: { keyMask } });
    const n = await Promise.all(trace.active.map((a) => numbers(a)));
    const mass = await numbers(trace.states.at(-1)?.mass);
    const mask = await numbers(keyMask);
    const of = mask.map((_, i) => n.reduce((sum, row) => sum + (row[i] ?? 0), 0) + 1 - (mass[i] ?? 0));
    expect(await total(trace)).toBeCloseTo(of.reduce((sum, x, i) => sum + x * (mask[i] ?? 0), 0) / 5, 5);
  });
});

describe('sut', () => {
  const states = (trace: Trace<StickState>) => trace.states;
  const soft = (s: StickState) => tf.add(s.sum, tf.mul(tf.expandDims(tf.exp(s.logHere), 2), s.h));

  it('stops with probability 1/2 after every loop at first; the weights sum to 1 (float32, 1e-5)', async () => {
    const trace = run1(sut(), { options: { loops: 4 } });
    const h = states(trace).map((s) => s.h);
    for (const [t, s] of states(trace).entries()) {
      expect(await first(s.logHere)).toBeCloseTo(t * Math.log(0.5), 5);
      const weights = [...Array.from({ length: t }, (_, j) => 0.5 ** (j + 1)), 0.5 ** t];
      expect(weights.reduce((a, b) => a + b)).toBe(1);
      const want = weights.map((w, j) => tf.mul(h[j] as tf.Tensor, w)).reduce((a, b) => tf.add(a, b));
      expect(await gap(soft(s), want)).toBeLessThan(1e-5);
    }
    expect(await total(trace)).toBeCloseTo(1 + 0.5 + 0.25 + 0.125, 5); // expected loops
  });

  it('a token that has stopped keeps its state, and computes once more to show it', async () => {
    // survival 1/2, 1/4 < 1 - 0.6: stops after the second loop
    const trace = run1(sut({ threshold: 0.6 }), { options: { loops: 5 } });
    const active = await Promise.all(trace.active.map((a) => first(a)));
    expect(active).toEqual([1, 1, 1, 0, 0]);
    const [, second, ...later] = states(trace);
    for (const s of later) {
      expect(await gap(s.h, second?.h)).toBe(0);
      expect(await gap(soft(s), soft(second as StickState))).toBe(0);
    }
    expect(await total(trace)).toBeCloseTo(1.5, 5); // the loops that are paid for
  });

  it('takes keys and values from the expected state, not from the last one', async () => {
    const one = modelConfig({ ...small, layers: 1 });
    const p = start(sut(), {}, one);
    const trace = run1(sut(), { params: p, config: one });
    // in the first loop the two are the same
    expect(await gap(states(trace)[0]?.h, coreOf(p, embedded(p), one))).toBeLessThan(1e-5);
    expect(await gap(states(trace)[2]?.h, coreOf(p, states(trace)[1]?.h as tf.Tensor, one))).toBeGreaterThan(1e-3);
  });

  it('stays finite where the gate is sure', async () => {
    for (const w of [-200, 200]) {
      const params = start(sut(), {
        'strategy.sut.gate.hidden.bias': tf.fill([8], 9),
        'strategy.sut.gate.out.weight': tf.fill([1, 8], w),
      });
      const trace = run1(sut(), { params });
      expect((await numbers(trace.logits(2))).every(Number.isFinite)).toBe(true);
      expect(await total(trace)).toBeCloseTo(w > 0 ? 1 : 3, 5);
    }
  });
});

describe('ponderNet', () => {
  it('has one gate; its exit probabilities sum to 1 at every token (float32, 1e-6)', async () => {
    expect(
      ponderNet()
        .params(small)
        .map((p) => [p.name, p.shape]),
    ).toEqual([
      ['halt.weight', [1, 8]],
      ['halt.bias', [1]],
    ]);
    const p = exitLogProbs(run1(ponderNet()).halt).map((x) => tf.exp(x));
    expect(p).toHaveLength(3);
    for (const x of await numbers(p.reduce((a, b) => tf.add(a, b)))) expect(x).toBeCloseTo(1, 6);
  });
});

describe('relay', () => {
  it('takes as many loops as the chain has steps where the batch says so', async () => {
    const depth = tf.tensor2d([1, 2, 3, 1, 3, 3, 2, 1], [2, 4]);
    const trace = run1(relay(), { inputs: { depth } });
    const made = await Promise.all(trace.active.map((a) => numbers(a)));
    expect((await numbers(depth)).map((_, i) => made.reduce((n, row) => n + (row[i] ?? 0), 0))).toEqual(
      await numbers(depth),
    );
    const stopped = (t: number) => tf.slice(trace.states[t]?.h as tf.Tensor, [0, 0, 0], [1, 1, 8]);
    expect(await gap(stopped(2), stopped(0))).toBe(0);
    expect(run1(relay()).active).toEqual([undefined, undefined, undefined]);
  });
});
