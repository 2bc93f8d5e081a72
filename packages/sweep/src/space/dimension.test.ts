// Dimensions against their closed forms: bounds, inverses, medians and rates.
import { fold, key } from '@looplab/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SweepError } from '../errors.ts';
import { choice, type Dimension, int, logUniform, uniform, unitOf, valueAt } from './dimension.ts';
import { drawPoint } from './draw.ts';

const ordered = (low: number, high: number) =>
  fc
    .tuple(fc.double({ min: low, max: high, noNaN: true }), fc.double({ min: low, max: high, noNaN: true }))
    .filter(([a, b]) => b - a > 1e-6 * Math.max(1, Math.abs(a)))
    .map(([a, b]) => [a, b] as const);
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const ranges: fc.Arbitrary<Dimension> = fc.oneof(
  ordered(-1e6, 1e6).map(([a, b]) => uniform(a, b)),
  ordered(1e-9, 1e6).map(([a, b]) => logUniform(a, b)),
  fc.tuple(fc.integer({ min: -1000, max: 1000 }), fc.nat(500)).map(([a, n]) => int(a, a + n)),
  fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.nat(500)).map(([a, n]) => int(a, a + n, { log: true })),
);

describe('a dimension', () => {
  test('gives values inside its bounds that rise with u', () => {
    fc.assert(
      fc.property(ranges, unit, unit, (d, u, v) => {
        const [a, b] = [valueAt(d, Math.min(u, v)), valueAt(d, Math.max(u, v))].map(Number) as [number, number];
        if (d.kind === 'choice') throw new Error('not among the ranges');
        expect(a).toBeGreaterThanOrEqual(d.low);
        expect(b).toBeLessThanOrEqual(d.high);
        expect(a).toBeLessThanOrEqual(b);
        if (d.kind === 'int') expect(Number.isInteger(a)).toBe(true);
      }),
    );
  });

  test('tells where a value stands: unitOf undoes valueAt, up to the digits kept', () => {
    fc.assert(
      fc.property(ranges, unit, (d, u) => {
        const value = valueAt(d, u);
        const back = unitOf(d, value);
        expect(back).toBeGreaterThanOrEqual(0);
        expect(back).toBeLessThanOrEqual(1);
        const again = Number(valueAt(d, Math.min(back ?? 0, 1 - 1e-12)));
        expect(Math.abs(again - Number(value))).toBeLessThanOrEqual(
          2e-5 * Math.max(1e-12, Math.abs(Number(value))) + spacing(d),
        );
      }),
    );
  });

  /** Numbers near the bounds of a wide range are rounded to six digits of their own size. */
  function spacing(d: Dimension): number {
    return d.kind === 'uniform' ? 1e-5 * Math.max(Math.abs(d.low), Math.abs(d.high)) : 0;
  }

  test('has the medians and rates of its distribution', () => {
    expect(valueAt(uniform(2, 4), 0.5)).toBe(3);
    expect(valueAt(logUniform(1e-4, 1e-2), 0.5)).toBe(1e-3);
    const tallies = (d: Dimension, n: number): Record<string, number> => {
      const counts: Record<string, number> = {};
      for (let i = 0; i < n; i++) {
        const value = String(valueAt(d, (i + 0.5) / n));
        counts[value] = (counts[value] ?? 0) + 1;
      }
      return counts;
    };
    expect(tallies(int(3, 7), 1000)).toEqual({ 3: 200, 4: 200, 5: 200, 6: 200, 7: 200 });
    expect(tallies(choice(['a', 'b', null]), 999)).toEqual({ a: 333, b: 333, null: 333 });
    // P(1) = log(1.5 / 0.5) / log(4.5 / 0.5) = 1/2
    expect(tallies(int(1, 4, { log: true }), 1000)[1]).toBe(500);
  });

  test.each([
    ['bounds in the wrong order', () => uniform(2, 1), 'the lower first (got 2, 1)'],
    ['a bound that is not a number', () => uniform(0, Number.NaN), 'two finite bounds'],
    ['a logarithm of zero', () => logUniform(0, 1), 'bounds above 0 (got 0, 1)'],
    ['fractions as whole numbers', () => int(0.5, 2), 'two whole numbers'],
    ['a logarithm of whole numbers from zero', () => int(0, 2, { log: true }), 'bounds of at least 1'],
    ['no values', () => choice([]), 'choice has no values'],
    ['a value twice', () => choice([1, 2, 1]), 'lists 1 twice'],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(SweepError);
    expect(make).toThrow(message);
  });
});

describe('a point', () => {
  const space = {
    'train.schedule': choice(['cosine', 'constant']),
    'train.minLrRatio': (drawn: Readonly<Record<string, unknown>>) =>
      drawn['train.schedule'] === 'cosine' ? uniform(0, 1) : undefined,
    'train.lr': logUniform(1e-4, 1e-1),
  };

  test('has a conditional setting exactly where its condition holds', () => {
    const points = Array.from({ length: 200 }, (_, i) => drawPoint(space, fold(key(0), i)));
    for (const point of points) {
      expect('train.minLrRatio' in point).toBe(point['train.schedule'] === 'cosine');
      expect(Object.keys(point).at(-1)).toBe('train.lr');
    }
    const share = points.filter((p) => 'train.minLrRatio' in p).length / points.length;
    expect(Math.abs(share - 0.5)).toBeLessThan(0.15); // four standard deviations of 200 tosses
  });

  test('is a function of its key, and its settings do not depend on those that come later', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const k = key(seed);
        expect(drawPoint(space, k)).toEqual(drawPoint(space, k));
        const more = drawPoint({ ...space, 'model.loops': int(1, 8) }, k);
        expect(more).toMatchObject(drawPoint(space, k));
      }),
    );
  });

  test('satisfies the constraint, and says so if nothing does', () => {
    const where = (p: Readonly<Record<string, unknown>>) => Number(p['train.lr']) < 2e-4;
    for (let i = 0; i < 50; i++) expect(drawPoint(space, fold(key(3), i), where)['train.lr']).toBeLessThan(2e-4);
    expect(() => drawPoint(space, key(0), () => false)).toThrow(/no point satisfies the space's where/);
  });
});
