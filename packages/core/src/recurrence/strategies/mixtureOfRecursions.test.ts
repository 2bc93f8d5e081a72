// Both routings of mixture of recursions against what they say they do, token by token.
import { toArray, useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { modelConfig } from '../../model/config.ts';
import type { Params } from '../../model/params.ts';
import { fold, key, normal, randint } from '../../rng/random.ts';
import { paramSpecs } from '../layout.ts';
import { runTrace } from '../runTrace.ts';
import type { Strategy } from '../strategy.ts';
import type { Trace } from '../trace.ts';
import { fixedLoops } from './fixedLoops.ts';
import { morExpert } from './morExpert.ts';
import { morToken } from './morToken.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const [batch, seq, loops, d] = [3, 6, 3, 8];
const config = modelConfig({ vocab: 7, dModel: d, heads: 2, layers: 1, loops, dFF: 12 });
const ids = () => tf.tensor2d(randint(key(1), batch * seq, 7), [batch, seq], 'int32');
const params = (s: Strategy): Params =>
  Object.fromEntries(
    paramSpecs(config, s).map(({ name, shape }) => {
      const n = shape.reduce((a, b) => a * b, 1);
      return [name, tf.tensor(normal(fold(key(2), name), n), [...shape])];
    }),
  );
const run = (s: Strategy, p: Params, train: boolean, more: object = {}): Trace => {
  const [trace] = runTrace(config, s, p, { ids: ids(), ...more }, { train, hp: { spare: 0 } });
  return trace as Trace; // one trajectory
};
const rows = async (x: tf.Tensor | undefined): Promise<number[]> => [...(x ? await toArray(x) : [])];
const at = (x: readonly number[], i: number): number => x[i] as number; // inside the tensor
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
/** `w[row] . h` of every token. */
const dots = async (h: tf.Tensor, w: tf.Tensor, row: number): Promise<number[]> => {
  const [x, y] = [await rows(h), await rows(w)];
  return Array.from({ length: batch * seq }, (_, i) =>
    Array.from({ length: d }, (_, c) => at(x, i * d + c) * at(y, row * d + c)).reduce((a, b) => a + b),
  );
};

describe('morExpert', () => {
  const s = morExpert();
  const p = params(s);
  const router = p['strategy.morExpert.router'] as tf.Tensor;

  it('keeps in training the k tokens of a row that score highest among those kept before: 6, 4, 2 of 6', async () => {
    const trace = run(s, p, true);
    let left = new Array<number>(batch * seq).fill(1);
    for (const [t, k] of [6, 4, 2].entries()) {
      const before = t === 0 ? trace.initial : trace.states[t - 1];
      const scores = await dots(before?.h as tf.Tensor, router, t);
      const want = scores.map((z, i) => {
        const row = Math.floor(i / seq) * seq;
        const rivals = scores.slice(row, row + seq).filter((y, j) => left[row + j] === 1 && y > z);
        return left[i] === 1 && rivals.length < k ? 1 : 0;
      });
      expect(await rows(trace.active[t])).toEqual(want);
      left = want;
    }
  });

  it('adds alpha sigmoid(router) core(h) to the chosen and leaves the others as they are', async () => {
    const trace = run(s, p, true);
    const [e, h1] = [await rows(trace.initial.h), await rows(trace.states[0]?.h)];
    const once = await rows(run(fixedLoops(), p, true).states[0]?.h); // core(e)
    const scores = await dots(trace.initial.h as tf.Tensor, router, 0);
    for (const [i, x] of h1.entries()) {
      const weight = 0.1 * sigmoid(at(scores, Math.floor(i / d)));
      expect(x).toBeCloseTo(at(e, i) + weight * at(once, i), 5);
    }
    const [h2, chosen] = [await rows(trace.states[1]?.h), await rows(trace.active[1])];
    expect(chosen).toContain(0);
    for (const [i, x] of h2.entries()) {
      if (at(chosen, Math.floor(i / d)) === 0) expect(x).toBe(at(h1, i));
    }
  });

  it('outside of training lets a token go on if its own score is above 1/2', async () => {
    const trace = run(s, p, false);
    const scores = await dots(trace.states[0]?.h as tf.Tensor, router, 1);
    expect(await rows(trace.active[0])).toEqual(scores.map(() => 1)); // capacity 1
    expect(await rows(trace.active[1])).toEqual(scores.map((z) => (z > 0 ? 1 : 0)));
  });

  it('leaves the cross-entropy of that guess and the mean square of the logit', async () => {
    for (const standIn of ['auxiliaryLoss', 'auxiliaryRouter'] as const) {
      const s = morExpert({ standIn });
      const p = params(s);
      const trace = run(s, p, true);
      const judged = standIn === 'auxiliaryLoss' ? 'router' : 'standIn';
      const [before, chosen] = [trace.states[1]?.h as tf.Tensor, await rows(trace.active[2])];
      const z = await dots(before, p[`strategy.morExpert.${judged}`] as tf.Tensor, 2);
      const r = await dots(before, p['strategy.morExpert.router'] as tf.Tensor, 2);
      const left = await rows(trace.active[1]);
      const mean = (f: (i: number) => number) =>
        left.reduce((n, on, i) => n + on * f(i), 0) / left.reduce((a, b) => a + b);
      const bce = (i: number) => {
        const q = sigmoid(at(z, i));
        return at(chosen, i) === 1 ? -Math.log(q) : -Math.log(1 - q);
      };
      expect((await rows(trace.terms[2]?.auxiliary))[0]).toBeCloseTo(mean(bce), 4);
      expect((await rows(trace.terms[2]?.z))[0]).toBeCloseTo(
        mean((i) => at(r, i) ** 2),
        3,
      );
    }
  });

  it('never chooses padding', async () => {
    const keyMask = tf.tensor2d([1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0], [batch, seq]);
    const trace = run(s, p, true, { keyMask });
    const mask = await rows(keyMask);
    for (const active of trace.active) {
      for (const [i, on] of (await rows(active)).entries()) expect(on).toBeLessThanOrEqual(at(mask, i));
    }
    expect((await rows(trace.active[1])).slice(0, 3)).toEqual([1, 1, 1]); // fewer than the capacity are left
  });

  it('warms its capacity up in few steps, from everything to its share', async () => {
    const warm = morExpert({ warmup: 0.5 });
    const spare = (step: number) => warm.schedule?.({ step, steps: 1000, key: key(0), config }).hp?.spare as number;
    const values = Array.from({ length: 1000 }, (_, step) => spare(step));
    expect(new Set(values)).toEqual(new Set([1, 0.75, 0.5, 0.25, 0]));
    expect(values).toEqual([...values].sort((a, b) => b - a));
    expect([spare(0), spare(499), spare(500), spare(999)]).toEqual([1, 0.25, 0, 0]);
    const [trace] = runTrace(config, warm, p, { ids: ids() }, { train: true, hp: { spare: 1 } });
    expect(await rows(trace?.active[2])).toEqual(new Array(batch * seq).fill(1));
    expect(morExpert().schedule).toBeUndefined();
  });
});

describe('morToken', () => {
  const s = morToken();
  const p = params(s);
  const chosen = async () => {
    const e = run(s, p, true).initial.h as tf.Tensor;
    const w = p['strategy.morToken.router'] as tf.Tensor;
    const z = await Promise.all([0, 1, 2].map((t) => dots(e, w, t)));
    return Array.from({ length: batch * seq }, (_, i) => {
      const logits = z.map((x) => at(x, i));
      const total = logits.reduce((n, x) => n + Math.exp(x), 0);
      const p = logits.map((x) => Math.exp(x) / total);
      const depth = p.indexOf(Math.max(...p)) + 1;
      return { p, depth, weight: Math.max(...p), z2: Math.log(total) ** 2 };
    });
  };

  it('gives each token the loops that its router finds likeliest, in training as elsewhere', async () => {
    const want = await chosen();
    expect(new Set(want.map((x) => x.depth)).size).toBeGreaterThan(1);
    for (const train of [true, false]) {
      const trace = run(s, p, train);
      for (const [t, active] of trace.active.entries())
        expect(await rows(active)).toEqual(want.map((x) => (x.depth > t ? 1 : 0)));
    }
  });

  it('ends in e + p core(h) and makes h = core(h) on the way', async () => {
    const want = await chosen();
    const trace = run(s, p, true);
    const [e, h] = [await rows(trace.initial.h), await rows(trace.states[0]?.h)];
    const once = await rows(run(fixedLoops(), p, true).states[0]?.h); // core(e)
    for (const [i, x] of h.entries()) {
      const { depth, weight } = want[Math.floor(i / d)] as (typeof want)[number]; // a choice a token
      expect(x).toBeCloseTo(depth === 1 ? at(e, i) + weight * at(once, i) : at(once, i), 5);
    }
  });

  it('leaves its balance and the square of its log-sum-exp, once', async () => {
    const want = await chosen();
    const n = batch * seq;
    const balance = [1, 2, 3].reduce((sum, i) => {
      const mean = want.reduce((a, x) => a + at(x.p, i - 1), 0) / n;
      return sum + mean * loops * (want.filter((x) => x.depth === i).length / n);
    }, 0);
    const { terms } = run(s, p, true);
    expect((await rows(terms[0]?.balance))[0]).toBeCloseTo(balance, 5);
    expect((await rows(terms[0]?.z))[0]).toBeCloseTo(want.reduce((a, x) => a + x.z2, 0) / n, 3);
    expect(terms.slice(1)).toEqual([{}, {}]);
    const even = { ...p, 'strategy.morToken.router': tf.zeros([loops, d]) };
    expect((await rows(run(s, even, true).terms[0]?.balance))[0]).toBeCloseTo(1, 6); // P = 1/3 each
  });
});
