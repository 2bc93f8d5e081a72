// Intervals, paired tests and effect sizes against scipy 1.17 and cases worked out by hand.

import { fold, key, normal } from '@looplab/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrap } from './bootstrap.ts';
import { cliffsDelta, cohensD } from './effectSize.ts';
import { proportion, tInterval } from './interval.ts';
import { correlation, mean, quantileOfSorted, ranks, variance } from './moments.ts';
import { compareSeeds, overSeeds } from './seeds.ts';
import { stepsToThreshold } from './stepsToThreshold.ts';
import { holm, pairedT, signFlip } from './tests.ts';

const a = [0.61, 0.72, 0.58, 0.9, 0.77];
const b = [0.5, 0.7, 0.61, 0.75, 0.7];

describe('moments', () => {
  it('are those of the textbook', () => {
    expect([mean([1, 2, 6]), variance([1, 2, 6])]).toEqual([3, 7]);
    expect(variance([1])).toBeNaN();
    expect(Array.from(ranks([3, 1, 3, 0]))).toEqual([3.5, 2, 3.5, 1]);
    expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
    expect(correlation([1, 2, 3], [5, 5, 5])).toBeNaN();
    expect([0, 0.5, 0.9, 1].map((p) => quantileOfSorted([1, 2, 4], p))).toEqual([1, 2, 3.6, 4]);
  });
});

describe('tInterval', () => {
  it('is that of scipy.stats.t.interval', () => {
    const { n, value, lo, hi } = tInterval(a);
    expect([n, value]).toEqual([5, mean(a)]);
    expect(lo).toBeCloseTo(0.5558782921457556, 12);
    expect(hi).toBeCloseTo(0.8761217078542444, 12);
  });

  it('says nothing about the spread of one value, and refuses none, NaN and silly levels', () => {
    expect(tInterval([3])).toEqual({ n: 1, value: 3, lo: Number.NaN, hi: Number.NaN });
    expect(() => tInterval([])).toThrow('t interval: 0 values, at least 1 are needed; add seeds or rows');
    expect(() => tInterval([1, Number.NaN])).toThrow('value 1 is NaN; every value must be a finite number');
    expect(() => tInterval([1], 95)).toThrow('level must be between 0 and 1 (got 95)');
  });
});

describe('proportion', () => {
  it("is scipy's Wilson interval", () => {
    const p = proportion(7, 10);
    expect(p.lo).toBeCloseTo(0.39677814746114526, 12);
    expect(p.hi).toBeCloseTo(0.892208732593699, 12);
    expect(proportion(0, 10)).toMatchObject({ value: 0, lo: 0 });
    expect(proportion(0, 10).hi).toBeCloseTo(0.27753279986288926, 12);
  });

  it('refuses more hits than instances', () => {
    expect(() => proportion(3, 2)).toThrow('hits must be 0 to n (got 3 of 2)');
  });
});

describe('bootstrap', () => {
  const x = [0.1, 0.4, 0.35, 2.2, 0.9, 1.7, 0.3, 0.05, 3.1, 0.6];

  it.each([
    // scipy.stats.bootstrap, 100 000 to 200 000 resamples; the upper BCa bound of 20 000 scatters by 0.02 from seed to
    // seed
    ['percentile', 0.42, 1.615],
    ['bca', 0.485, 1.74],
  ] as const)('%s agrees with scipy', (method, lo, hi) => {
    const e = bootstrap(x, mean, { key: key(1), resamples: 20_000, method });
    expect(e.value).toBe(mean(x));
    expect(Math.abs(e.lo - lo)).toBeLessThan(0.02);
    expect(Math.abs(e.hi - hi)).toBeLessThan(0.06);
  });

  it('is a function of its key', () => {
    const run = (seed: number) => bootstrap(x, mean, { key: key(seed), resamples: 200 });
    expect(run(3)).toEqual(run(3));
    expect(run(3)).not.toEqual(run(4));
  });

  it('covers the truth about as often as it says', () => {
    // 200 normal samples of 20: 95% coverage scatters by 1.5%, the bootstrap of 20 values falls short by about 2%.
    let covered = 0;
    for (let s = 0; s < 200; s++) {
      const { lo, hi } = bootstrap(Array.from(normal(fold(key(9), s), 20)), mean, { key: key(s), resamples: 400 });
      if (lo <= 0 && hi >= 0) covered++;
    }
    expect(covered / 200).toBeGreaterThan(0.86);
    expect(covered / 200).toBeLessThan(0.99);
  });

  it('works on rows, collapses where nothing varies, and refuses nothing at all', () => {
    const share = (rows: readonly { ok: boolean }[]) => rows.filter((r) => r.ok).length / rows.length;
    const flat = bootstrap([{ ok: true }, { ok: true }], share, { key: key(0) });
    expect(flat).toEqual({ n: 2, value: 1, lo: 1, hi: 1 });
    expect(bootstrap([5], mean, { key: key(0) })).toEqual({ n: 1, value: 5, lo: Number.NaN, hi: Number.NaN });
    expect(() => bootstrap([], mean, { key: key(0) })).toThrow('there are no values; add seeds or rows');
    expect(() => bootstrap([Number.NaN], mean, { key: key(0) })).toThrow('the statistic is NaN');
  });
});

describe('paired tests', () => {
  it("t is scipy's ttest_rel", () => {
    const { t, p, df } = pairedT(a, b);
    expect(t).toBeCloseTo(2.0078585764421075, 10);
    expect(p).toBeCloseTo(0.11507971437013223, 10);
    expect(df).toBe(4);
    expect(pairedT([1, 2], [1, 2])).toMatchObject({ t: 0, p: 1 });
  });

  it('sign flips are counted exactly', () => {
    expect(signFlip(a, b).p).toBe(6 / 32); // scipy.stats.permutation_test, permutation_type 'samples'
    expect(signFlip([1, 2, 3], [0, 0, 0]).p).toBe(2 / 8); // only the two unanimous patterns
    expect(signFlip([1, 1], [1, 1]).p).toBe(1);
  });

  it('sign flips of many pairs come near the t test', () => {
    const x = Array.from(normal(key(5), 60), (v) => v + 0.25);
    const zero = x.map(() => 0);
    expect(() => signFlip(x, zero)).toThrow('60 pairs need random sign patterns; pass key');
    expect(Math.abs(signFlip(x, zero, { key: key(6) }).p - pairedT(x, zero).p)).toBeLessThan(0.015);
  });

  it('refuses unequal sides', () => {
    expect(() => pairedT([1, 2], [1])).toThrow('the same seeds on both sides (got 2 and 1 values)');
    expect(() => pairedT([1], [1])).toThrow('at least 2 are needed');
  });
});

describe('holm', () => {
  it('is the worked example of the paper', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holm([0.5, Number.NaN, 0.6])).toEqual([1, Number.NaN, 1]);
  });

  it('never lowers a p, keeps the order and stays within 1', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }), (p) => {
        const q = holm(p);
        for (const [i, x] of p.entries()) {
          expect(q[i]).toBeGreaterThanOrEqual(x);
          expect(q[i]).toBeLessThanOrEqual(1);
          for (const [j, y] of p.entries()) if (x < y) expect(q[i]).toBeLessThanOrEqual(q[j] ?? Number.NaN);
        }
      }),
    );
  });
});

describe('effect sizes', () => {
  it('are those of numpy', () => {
    expect(cohensD(a, b, { paired: true })).toBeCloseTo(0.8979416532261021, 12);
    expect(cohensD(a, b)).toBeCloseTo(0.5570484990582335, 12);
    expect(cohensD([1, 1], [0, 0])).toBe(Infinity);
    expect(cohensD([1, 1], [1, 1])).toBe(0);
    expect(cliffsDelta([1, 2], [0, 2])).toBe(0.25); // (1,0) + (1,2) - (2,0) + (2,2) 0: net 1 of 4
    expect(cliffsDelta([3, 4], [1, 2])).toBe(1);
  });
});

describe('over seeds', () => {
  const rows = [0, 1, 2].flatMap((seed) => [
    { seed, loops: 1, arm: 'plain', accuracy: 0.4 + 0.01 * seed },
    { seed, loops: 4, arm: 'loop', accuracy: 0.6 + 0.02 * seed },
  ]);

  it('gives a mean and an interval for each condition', () => {
    const [one, four] = overSeeds(rows, { by: ['loops'], value: 'accuracy' });
    expect(one).toMatchObject({ loops: 1, n: 3 });
    expect(one?.mean).toBeCloseTo(0.41, 12);
    expect(four?.lo).toBeCloseTo(0.62 - (4.302652729749462 * 0.02) / Math.sqrt(3), 10);
  });

  it('compares two conditions seed by seed', () => {
    const [row, ...more] = compareSeeds(rows, { by: [], value: 'accuracy', between: 'arm', a: 'loop', b: 'plain' });
    expect(more).toEqual([]);
    expect(row).toMatchObject({ n: 3, pSignFlip: 0.25, cliffsDelta: 1 });
    expect(row?.difference).toBeCloseTo(0.21, 12);
    expect(row?.cohensD).toBeCloseTo(21, 8); // differences 0.20, 0.21, 0.22
    expect(row?.pHolm).toBe(row?.p); // one test
  });

  it('compares more seeds than all sign patterns can be tried for, the same each time', () => {
    const many = Array.from({ length: 17 }, (_, seed) => [
      { seed, arm: 'plain', accuracy: 0.4 },
      { seed, arm: 'loop', accuracy: 0.5 + 0.001 * seed },
    ]).flat();
    const columns = { by: [], value: 'accuracy', between: 'arm', a: 'loop', b: 'plain' };
    const [row] = compareSeeds(many, columns);
    expect(row?.pSignFlip).toBeCloseTo(1 / 10_001, 3); // none of the patterns drawn is as far from 0
    expect(compareSeeds(many, columns)).toEqual([row]);
  });

  it('says what is wrong with the rows', () => {
    expect(() => overSeeds(rows, { by: [], value: 'accuracy' })).toThrow('seed 0 occurs twice where {}');
    expect(() => overSeeds(rows, { by: ['layers'], value: 'accuracy' })).toThrow("there is no column 'layers'");
    expect(() => overSeeds([{ seed: 0, x: 'a' }], { by: [], value: 'x' })).toThrow('holds "a", not a number');
    expect(() => compareSeeds(rows, { by: [], value: 'accuracy', between: 'arm', a: 'loop', b: 'none' })).toThrow(
      'no seed occurs on both sides; there are plain, loop',
    );
    expect(() =>
      compareSeeds(rows.slice(0, 2), { by: [], value: 'accuracy', between: 'arm', a: 'loop', b: 'plain' }),
    ).toThrow('run at least two seeds of each');
  });
});

describe('stepsToThreshold', () => {
  const curve = (seed: number, values: readonly number[]) =>
    values.map((x, i) => ({ seed, step: 100 * (values.length - i), x })).reverse();
  it('is the first evaluation at the level, or none', () => {
    const rows = [...curve(0, [0.9, 0.4, 0.6, 0.1]), ...curve(1, [0.4, 0.3])]; // latest first
    expect(stepsToThreshold(rows, { by: ['seed'], value: 'x', threshold: 0.5 })).toEqual([
      { seed: 0, steps: 200 },
      { seed: 1, steps: null },
    ]);
    expect(() => stepsToThreshold(rows, { by: [], value: 'x', threshold: 0.5 })).toThrow('occurs twice');
  });
});
