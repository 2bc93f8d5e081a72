// When each rule stops a token, against cases worked out by hand.
import { compile, useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { modelConfig } from '../model/config.ts';
import { drawNoise, type Noise, type NoiseAt } from '../recurrence/noise.ts';
import { fold, key, uniform } from '../rng/random.ts';
import { argmaxStable } from './argmaxStable.ts';
import { bernoulli } from './bernoulli.ts';
import { cosine } from './cosine.ts';
import { entropyChange } from './entropyChange.ts';
import type { ExitMemory, ExitRule, ExitStart, ExitView, ThresholdRule } from './exitRule.ts';
import { exitRuleById, exitRules } from './exitRules.ts';
import { fixedDepth } from './fixedDepth.ts';
import { kl } from './kl.ts';
import { latentChange } from './latentChange.ts';
import { minPKl } from './minPKl.ts';
import { qExit } from './qExit.ts';
import { residual } from './residual.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const config = modelConfig({ vocab: 5, dModel: 4, heads: 2, layers: 1 });

/** What one token shows after a loop. */
interface Shown {
  halt?: number;
  logits?: number[];
  /** Its state after the loop. */
  h?: number[];
}

/** The first loop after which the one token is done; 0 if none. */
async function stops(rule: ExitRule, loops: readonly Shown[], noise: ExitStart['noise'] = {}): Promise<number> {
  const vocab = loops[0]?.logits?.length ?? 1;
  let memory = rule.init({ batch: 1, seq: 1, vocab, loops: loops.length, noise });
  const shape = Object.fromEntries(Object.entries(memory).map(([n, x]) => [n, x.shape]));
  let before: number[] = [0, 0];
  for (const [t, { halt, logits, h = [0, 0] }] of loops.entries()) {
    const row = (x: number[]): tf.Tensor => tf.tensor3d(x, [1, 1, x.length]);
    const squared = h.reduce((sum, x, i) => sum + (x - (before[i] ?? 0)) ** 2, 0);
    const now: ExitView = {
      loop: tf.fill([1, 1], t + 1),
      before: { h: row(before) },
      state: { h: row(h) },
      ...(logits ? { logits: row(logits) } : {}),
      ...(halt === undefined ? {} : { halt: tf.tensor2d([halt], [1, 1]) }),
      ...(rule.needs.includes('residual') ? { residual: tf.tensor2d([squared], [1, 1]) } : {}),
    };
    const seen = rule.check(memory, now);
    memory = seen.memory;
    expect(Object.fromEntries(Object.entries(memory).map(([n, x]) => [n, x.shape]))).toEqual(shape);
    expect(seen.done.shape).toEqual([1, 1]);
    if ((await seen.done.data())[0] === 1) return t + 1;
    before = h;
  }
  return 0;
}
const gates = (...z: number[]): Shown[] => z.map((halt) => ({ halt }));
const readouts = (...p: number[][]): Shown[] => p.map((row) => ({ logits: row.map(Math.log) }));
const path = (...h: number[][]): Shown[] => h.map((x) => ({ h: x }));

describe('qExit', () => {
  // lambda = 0.5 each: CDF 0.5, 0.75, 0.875
  it.each([
    [0, 1],
    [0.49, 1],
    [0.51, 2],
    [0.74, 2],
    [0.76, 3],
    [0.9, 0],
    [1, 0],
  ])('threshold %d stops lambda = 1/2 after loop %i', async (threshold, loop) => {
    expect(await stops(qExit({ threshold }), gates(0, 0, 0))).toBe(loop);
  });

  it('never stops at threshold 1, though the sigmoid has rounded to 1', async () => {
    expect(await stops(qExit({ threshold: 1 }), gates(50, 500, 5000))).toBe(0);
    expect(await stops(qExit({ threshold: 0.999999 }), gates(50))).toBe(1);
  });
});

it('fixedDepth stops after so many loops', async () => {
  expect(await stops(fixedDepth({ depth: 2 }), gates(0, 0, 0))).toBe(2);
  expect(await stops(fixedDepth(), gates(0, 0, 0))).toBe(0);
});

/** What the runtime draws for a rule. */
function tosses(rule: ExitRule, at: NoiseAt): Noise {
  const { noise } = rule;
  return noise ? drawNoise(config, { noise: () => noise.specs(at.loops) }, at, noise.key) : {};
}

describe('bernoulli', () => {
  const logit = (p: number): number => Math.log(p / (1 - p));

  it('stops where the toss of the row, position and loop is below lambda', async () => {
    const rule = bernoulli({ seed: 3 });
    const at = { batch: 1, seq: 1, loops: 4, offset: 5, rows: [2] };
    const draws = [...uniform(fold(fold(fold(key(3), 'bernoulli'), 2), 5), 4)];
    // lambda just below the toss goes on, just above it stops
    const [below, above] = [(x: number) => logit(x * 0.999), (x: number) => logit(x * 1.001)];
    for (let n = 1; n <= 4; n++) {
      const z = draws.map((x, i) => (i + 1 === n ? above(x) : below(x)));
      expect(await stops(rule, gates(...z), tosses(rule, at))).toBe(n);
    }
    expect(await stops(rule, gates(...draws.map(below)), tosses(rule, at))).toBe(0);
  });

  it('follows the exit distribution of its gate', async () => {
    // lambda = 1/4: p = 1/4, 3/16, 9/64, and 27/64 never; 4000 tokens, 5 standard errors
    const rule = bernoulli({ seed: 1 });
    const n = 4000;
    let memory = rule.init({
      batch: 1,
      seq: n,
      vocab: 1,
      loops: 3,
      noise: tosses(rule, { batch: 1, seq: n, loops: 3 }),
    });
    let alive = tf.ones([1, n]);
    const counts: number[] = [];
    for (let t = 1; t <= 3; t++) {
      const state = { h: tf.zeros([1, n]) };
      const seen = rule.check(memory, {
        loop: tf.fill([1, n], t),
        before: state,
        state,
        halt: tf.fill([1, n], logit(0.25)),
      });
      memory = seen.memory;
      counts.push((await tf.sum(tf.mul(alive, seen.done)).data())[0] as number); // a scalar
      alive = tf.mul(alive, tf.sub(1, seen.done));
    }
    for (const [t, p] of [1 / 4, 3 / 16, 9 / 64].entries())
      expect(Math.abs((counts[t] as number) - n * p)).toBeLessThan(5 * Math.sqrt(n * p * (1 - p)));
  });
});

describe('rules on readouts', () => {
  const [a, b] = [
    [0.5, 0.25, 0.25],
    [0.25, 0.5, 0.25],
  ] as const;

  it('entropyChange: equal entropies stop, whatever moved', async () => {
    // H(a) = H(b) = 1.5 ln 2 = 1.0397, H(uniform) = ln 3 = 1.0986: a change of 0.0589
    const even = [1 / 3, 1 / 3, 1 / 3];
    expect(await stops(entropyChange({ threshold: 1e-3 }), readouts([...a], [...b]))).toBe(2);
    expect(await stops(entropyChange({ threshold: 0.058 }), readouts(even, [...a], even))).toBe(0);
    expect(await stops(entropyChange({ threshold: 0.06 }), readouts(even, [...a], even))).toBe(2);
  });

  it('kl: of the new prediction from the old, in this order', async () => {
    // KL(a || c) = 0.5 ln(0.5/0.1) + 0.25 ln(0.25/0.6) + 0.25 ln(0.25/0.3) = 0.54028
    // KL(c || a) = 0.1 ln(0.1/0.5) + 0.6 ln(0.6/0.25) + 0.3 ln(0.3/0.25) = 0.41903
    const c = [0.1, 0.6, 0.3];
    expect(await stops(kl({ threshold: 0.5404 }), readouts(c, [...a]))).toBe(2);
    expect(await stops(kl({ threshold: 0.5402 }), readouts(c, [...a]))).toBe(0);
    expect(await stops(kl({ threshold: 0.4191 }), readouts([...a], c))).toBe(2);
    expect(await stops(kl({ threshold: 0.4189 }), readouts([...a], c))).toBe(0);
  });

  it('minPKl: looks at likely tokens only', async () => {
    // The tail below a tenth of the maximum moves, the rest keeps its ratio 3 : 2.
    const [x, y] = [
      [0.57, 0.38, 0.04, 0.01],
      [0.57, 0.38, 0.01, 0.04],
    ];
    expect(await stops(minPKl({ threshold: 1e-5 }), readouts(x as number[], y as number[]))).toBe(2);
    expect(await stops(kl({ threshold: 1e-2 }), readouts(x as number[], y as number[]))).toBe(0);
    // Among the likely: 0.6, 0.4 after 0.4, 0.6: 0.2 ln 1.5 = 0.08109
    const z = [0.38, 0.57, 0.04, 0.01];
    expect(await stops(minPKl({ threshold: 0.0812 }), readouts(z, x as number[]))).toBe(2);
    expect(await stops(minPKl({ threshold: 0.081 }), readouts(z, x as number[]))).toBe(0);
    // with all tokens kept it is the plain divergence
    expect(await stops(minPKl({ threshold: 0.5404, minP: 1e-6 }), readouts([0.1, 0.6, 0.3], [...a]))).toBe(2);
    expect(await stops(minPKl({ threshold: 0.5402, minP: 1e-6 }), readouts([0.1, 0.6, 0.3], [...a]))).toBe(0);
  });

  it('argmaxStable: so many loops in a row that change nothing', async () => {
    const seen = [a, a, b, b, b, b].map((p) => [...p]);
    expect(await stops(argmaxStable({ threshold: 1 }), readouts(...seen))).toBe(2);
    expect(await stops(argmaxStable({ threshold: 2 }), readouts(...seen))).toBe(5);
    expect(await stops(argmaxStable({ threshold: 3 }), readouts(...seen))).toBe(6);
    expect(await stops(argmaxStable(), readouts(...seen))).toBe(0);
  });

  it('never stop at the first loop, which has nothing to be compared with', async () => {
    for (const rule of [
      entropyChange({ threshold: 1e9 }),
      kl({ threshold: 1e9 }),
      minPKl({ threshold: 1e9 }),
      argmaxStable({ threshold: 1 }),
    ])
      expect(await stops(rule, readouts([...a], [...a])), rule.id).toBe(2);
  });
});

describe('rules on states', () => {
  it('cosine: the angle, not the length', async () => {
    // (1, 0) -> (3, 0): same direction; -> (3, 3): 1 - cos 45 degrees = 0.29289
    expect(await stops(cosine({ threshold: 1e-3 }), path([1, 0], [3, 0]))).toBe(2);
    expect(await stops(cosine({ threshold: 0.2928 }), path([3, 0], [3, 3]))).toBe(0);
    expect(await stops(cosine({ threshold: 0.293 }), path([3, 0], [3, 3]))).toBe(2);
    expect(await stops(cosine({ threshold: 0.9 }), path([1, 0])), 'from 0 there is no direction').toBe(0);
  });

  it('latentChange: relative to the new state', async () => {
    // (3, 0) -> (3, 4): moved by 4, length 5: 0.8
    expect(await stops(latentChange({ threshold: 0.79 }), path([3, 0], [3, 4]))).toBe(0);
    expect(await stops(latentChange({ threshold: 0.81 }), path([3, 0], [3, 4]))).toBe(2);
    expect(await stops(latentChange(), path([0, 0], [0, 0])), 'no length, no share of it').toBe(0);
  });

  it('residual: root mean square of the change, absolute', async () => {
    // (30, 0) -> (30, 4): sqrt(16 / 2) = 2.8284
    expect(await stops(residual({ threshold: 2.8 }), path([30, 0], [30, 4]))).toBe(0);
    expect(await stops(residual({ threshold: 2.83 }), path([30, 0], [30, 4]))).toBe(2);
  });
});

const given: Record<string, Shown[]> = {
  qExit: gates(-1, 0, 1),
  entropyChange: readouts([0.5, 0.5], [0.6, 0.4], [0.61, 0.39]),
  kl: readouts([0.5, 0.5], [0.6, 0.4], [0.61, 0.39]),
  minPKl: readouts([0.5, 0.5], [0.6, 0.4], [0.61, 0.39]),
  argmaxStable: readouts([0.4, 0.6], [0.6, 0.4], [0.6, 0.4]),
  cosine: path([1, 0], [1, 1], [1, 1.1]),
  latentChange: path([1, 0], [1, 1], [1, 1.1]),
  residual: path([1, 0], [1, 1], [1, 1.1]),
};
const isThreshold = (rule: ExitRule): rule is ThresholdRule => 'withThreshold' in rule;
const turned = exitRules.map(({ id }) => exitRuleById(id)).filter(isThreshold);

it.each(turned)('$id leaves early at one end of its scale and late at the other, by number or tensor', async (rule) => {
  const loops = given[rule.id] as Shown[]; // a rule with a threshold needs a case above
  const { early, late } = rule.scale;
  const first = rule.needs.includes('logits') ? 2 : 1;
  expect(await stops(rule.withThreshold(late), loops)).toBe(0);
  expect(await stops(rule.withThreshold(tf.scalar(late)), loops)).toBe(0);
  const soonest = rule.id === 'argmaxStable' ? 3 : first; // its case changes its mind once
  expect(await stops(rule.withThreshold(early), loops)).toBe(soonest);
  expect(await stops(rule.withThreshold(tf.scalar(early)), loops)).toBe(soonest);
  expect(rule.withThreshold(early).options.threshold).toBe(early);
});

it.each(exitRules)('$id can be compiled, and needs no more than it says', async ({ id, make }) => {
  await useDevice({ kind: 'onnx' });
  try {
    const shown: ExitView = {
      loop: tf.fill([2, 3], 2),
      before: { h: tf.ones([2, 3, 4]) },
      state: { h: tf.ones([2, 3, 4]) },
      logits: tf.ones([2, 3, 5]),
      halt: tf.ones([2, 3]),
      residual: tf.ones([2, 3]),
    };
    const rule = make({});
    const { logits, halt, residual: change, ...always } = shown;
    const needed = { logits, halt, residual: change };
    const now = { ...always, ...Object.fromEntries(rule.needs.map((n) => [n, needed[n]])) };
    const at = { batch: 2, seq: 3, vocab: 5, loops: 4 };
    const memory = rule.init({ ...at, noise: tosses(rule, at) });
    const out = await compile((m: ExitMemory, x: ExitView) => rule.check(m, x))(memory, now);
    expect(
      (await out.done.data()).every((x) => x === 0 || x === 1),
      id,
    ).toBe(true);
  } finally {
    await useDevice({ kind: 'cpu' });
  }
});

it.each(exitRules)('$id is rebuilt from its id and options, all of them described', ({ id, schema }) => {
  const rule = exitRuleById(id);
  expect(exitRuleById(rule.id, JSON.parse(JSON.stringify(rule.options))).options).toEqual(rule.options);
  for (const [name, option] of Object.entries(schema.shape)) expect(option.description, name).toBeTruthy();
});

it('says what is wrong', () => {
  expect(() => exitRuleById('qexit')).toThrow("there is no exit rule 'qexit'; did you mean 'qExit'?");
  expect(() => qExit({ threshold: 1.5 })).toThrow('threshold must be <= 1 (got 1.5); set exit.threshold');
  expect(() => fixedDepth({ depth: 0 })).toThrow('depth must be >= 1 (got 0); set exit.depth');
  expect(() => kl({ threshold: 0 })).toThrow('threshold must be > 0 (got 0); set exit.threshold');
});
