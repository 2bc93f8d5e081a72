// Huginn and its relatives: the random start, injection by concatenation, and the depth of each update.
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { modelConfig } from '../../model/config.ts';
import type { Trace } from '../trace.ts';
import { deepThinking } from './deepThinking.ts';
import type { Hidden } from './fixedLoops.ts';
import { huginn } from './huginn.ts';
import { loopedIcl } from './loopedIcl.ts';
import { rampedMean, retrofit } from './retrofit.ts';
import { coreOf, gap, injected, mean, numbers, run, run1, small, start, updates } from './trial.test-data.ts';

const eye = tf.eye(8);
const deep = modelConfig({ ...small, loops: 32 });
const grads = (trace: Trace | undefined) => trace?.plan.steps.map((k) => Number(k.grad)) ?? [];

describe('huginn', () => {
  it('owns one adapter', () => {
    expect(huginn().params(small)).toEqual([
      { name: 'adapter.weight', shape: [8, 16], init: { normal: Math.sqrt(2 / 40) }, decay: true },
    ]);
    expect(Object.keys(start(huginn()))).toContain('strategy.huginn.adapter.weight');
  });

  it('starts from noise of variance 2/5, cut off at three standard deviations', async () => {
    const noise = { h0: tf.tensor3d([-9, -1, 0, 0.5, 1, 2, 3, 4, ...new Array<number>(56).fill(1)], [2, 4, 8]) };
    const h = await numbers(run1(huginn(), { options: { noise } }).initial.h);
    const std = Math.sqrt(0.4);
    [-3, -1, 0, 0.5, 1, 2, 3, 3].forEach((x, i) => void expect(h[i]).toBeCloseTo(x * std, 6));
  });

  it('applies the core to W [h; e] (float32, 1e-5)', async () => {
    const only = (w: tf.Tensor) => start(huginn(), { 'strategy.huginn.adapter.weight': w });
    const ofInput = only(tf.concat([tf.zeros([8, 8]), eye], 1));
    for (const s of run1(huginn(), { params: ofInput }).states)
      expect(await gap(s.h, coreOf(ofInput, injected(ofInput)))).toBeLessThan(1e-5);
    const ofState = only(tf.concat([eye, tf.zeros([8, 8])], 1));
    const trace = run1(huginn(), { params: ofState });
    expect(await gap(trace.states[0]?.h, coreOf(ofState, trace.initial.h))).toBeLessThan(1e-5);
    expect(await gap(trace.states[1]?.h, coreOf(ofState, trace.states[0]?.h as tf.Tensor))).toBeLessThan(1e-5);
  });

  it('draws the depth of each update around model.loops + 1, and gives gradient to the last 8', () => {
    const loops = updates(huginn(), 4000, deep).map((u) => u.loops ?? 0);
    expect(mean(loops)).toBeCloseTo(33, 0); // 18 / sqrt(4000) = 0.28
    expect(loops.every((n) => n >= 1)).toBe(true);
    expect(updates(huginn({ sigma: 0 }), 3, deep)).toEqual(updates(huginn({ sigma: 0 }), 3, deep));
    const [trace] = run(huginn(), { options: { train: true, loops: 10 } });
    expect(grads(trace)).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(grads(run1(huginn(), { options: { train: true, loops: 2 } }))).toEqual([1, 1]);
  });
});

describe('retrofit', () => {
  it.each([
    ['linear', 0, 1],
    ['linear', 37, 16], // half of 75 of 100 updates, rounded up
    ['linear', 38, 17],
    ['linear', 75, 32],
    ['linear', 99, 32],
    ['1-sqrt', 0, 1],
    ['1-sqrt', 56, 16], // 1 - sqrt(1 - 56/75) = 0.4967
    ['1-sqrt', 74, 29], // 1 - sqrt(1/75) = 0.8845
    ['1-sqrt', 75, 32],
  ] as const)('%s: at update %i of 100 the mean is %i', (ramp, step, want) => {
    expect(rampedMean({ step, steps: 100 }, 32, { ramp, share: 0.75, start: 1 })).toBe(want);
  });

  it('has the full mean from the start with a share of 0, and no mean below start', () => {
    expect(rampedMean({ step: 0, steps: 10 }, 8, { ramp: '1-sqrt', share: 0, start: 1 })).toBe(8);
    expect(rampedMean({ step: 0, steps: 10 }, 8, { ramp: '1-sqrt', share: 1, start: 4 })).toBe(4);
  });

  it('draws depths around that mean', () => {
    const loops = updates(retrofit({ ramp: 'linear', share: 0.5 }), 4000, deep).map((u) => u.loops ?? 0);
    expect(mean(loops.slice(2000))).toBeCloseTo(33, -0.5);
    expect(Math.abs(mean(loops.slice(900, 1100)) - 17)).toBeLessThan(2.5); // sd 9 / sqrt(200), ramp 14.4 to 17.6
    expect(mean(loops.slice(0, 50))).toBeLessThan(4);
  });
});

describe('loopedIcl', () => {
  it('starts from 0 and adds the input in every loop (float32, 1e-5)', async () => {
    const p = start(loopedIcl());
    const e = injected(p);
    let h: tf.Tensor = tf.zerosLike(e);
    for (const s of run1(loopedIcl(), { params: p }).states) {
      h = coreOf(p, tf.add(h, e));
      expect(await gap(s.h, h)).toBeLessThan(1e-5);
    }
  });

  it('adds two loops every 500 updates up to model.loops', () => {
    const loops = updates(loopedIcl({ start: 15 }), 9000, modelConfig({ ...small, loops: 30 })).map((u) => u.loops);
    expect([0, 499, 500, 1000, 3999, 4000, 8999].map((i) => loops[i])).toEqual([15, 15, 17, 19, 29, 30, 30]);
    expect(updates(loopedIcl(), 1)).toEqual([{ loops: 3 }]);
  });

  it('gives gradient to its window alone', () => {
    expect(grads(run1(loopedIcl({ window: 2 })))).toEqual([0, 1, 1]);
    expect(grads(run1(loopedIcl()))).toEqual([1, 1, 1]);
  });
});

describe('deepThinking', () => {
  it('draws n uniformly on 0..M-1 and k on 1..M-n', () => {
    const draws = updates(deepThinking(), 6000).map(({ hp = {} }) => [hp.n ?? -1, hp.k ?? -1] as const);
    const count = (n: number, k: number) => draws.filter(([a, b]) => a === n && b === k).length / draws.length;
    // M = 3: p(n) = 1/3, p(k | n) = 1 / (3 - n); standard error at most 0.006
    for (const [n, ks] of [
      [0, 3],
      [1, 2],
      [2, 1],
    ] as const)
      for (let k = 1; k <= ks; k++) expect(Math.abs(count(n, k) - 1 / (3 * ks))).toBeLessThan(0.025);
    expect(draws.every(([n, k]) => n >= 0 && k >= 1 && n + k <= 3)).toBe(true);
  });

  it('trains few different lengths however deep it is', () => {
    const hps = updates(deepThinking(), 3000, modelConfig({ ...small, loops: 30 })).map((u) => u.hp ?? {});
    expect(new Set(hps.map(({ k }) => k)).size).toBeLessThanOrEqual(8);
    expect(hps.every(({ n = -1, k = 0 }) => n >= 0 && k >= 1 && n + k <= 30)).toBe(true);
  });

  it('trains the whole depth, and n loops without gradient followed by k with it', async () => {
    const traces = run<Hidden>(deepThinking(), { options: { train: true, hp: { n: 1, k: 2 } } });
    expect(traces.map(grads)).toEqual([
      [1, 1, 1],
      [0, 1, 1],
    ]);
    expect(await gap(traces[0]?.logits(2), traces[1]?.logits(2))).toBe(0); // the forward pass is the same
    expect(run(deepThinking())).toHaveLength(1);
  });

  it('starts from the input and recalls it (float32, 1e-5)', async () => {
    const p = start(deepThinking(), { 'strategy.deepThinking.adapter.weight': tf.concat([eye, eye], 1) });
    const e = injected(p);
    const trace = run1(deepThinking(), { params: p });
    expect(await gap(trace.states[0]?.h, coreOf(p, tf.add(e, e)))).toBeLessThan(1e-5);
    expect(await gap(trace.states[1]?.h, coreOf(p, tf.add(trace.states[0]?.h as tf.Tensor, e)))).toBeLessThan(1e-5);
  });
});
