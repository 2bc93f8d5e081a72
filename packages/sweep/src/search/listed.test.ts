// Grids, lists in step and their products: sizes, order, constraints, and everything that is refused.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SweepError } from '../errors.ts';
import type { Json } from '../space/point.ts';
import { cross, grid, type Listed, zip } from './listed.ts';

const texts = (search: Listed): string[] => search.points.map((p) => JSON.stringify(p));
const axes = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,4}\.[a-z]{1,6}$/),
  fc.uniqueArray(fc.oneof(fc.integer(), fc.string({ maxLength: 4 }), fc.boolean()), { minLength: 1, maxLength: 4 }),
  { minKeys: 1, maxKeys: 4 },
);

describe('grid', () => {
  test('has every combination once', () => {
    fc.assert(
      fc.property(axes, (given) => {
        const search = grid(given);
        const size = Object.values(given).reduce((n, values) => n * values.length, 1);
        expect(search.trials).toBe(size);
        expect(new Set(texts(search)).size).toBe(size);
        for (const point of search.points) {
          for (const [axis, value] of Object.entries(point)) expect(given[axis]).toContainEqual(value);
          expect(Object.keys(point)).toEqual(Object.keys(given));
        }
      }),
    );
  });

  test('keeps exactly what satisfies the constraint, in the same order', () => {
    fc.assert(
      fc.property(axes, fc.func(fc.boolean()), (given, where) => {
        const wanted = grid(given).points.filter(where);
        fc.pre(wanted.length > 0);
        expect(grid(given, { where }).points).toEqual(wanted);
      }),
    );
  });

  test('varies several settings together, the last axis fastest', () => {
    const search = grid({
      'model.layers, model.loops': [
        [2, 6],
        [3, 4],
      ] as Json[],
      'train.lr': [0.1, 0.2],
    });
    expect(search.keys).toEqual(['model.layers', 'model.loops', 'train.lr']);
    expect(search.points).toEqual([
      { 'model.layers': 2, 'model.loops': 6, 'train.lr': 0.1 },
      { 'model.layers': 2, 'model.loops': 6, 'train.lr': 0.2 },
      { 'model.layers': 3, 'model.loops': 4, 'train.lr': 0.1 },
      { 'model.layers': 3, 'model.loops': 4, 'train.lr': 0.2 },
    ]);
  });
});

test('zip goes through its axes in step', () => {
  expect(zip({ 'a.b': [1, 2], 'c.d': ['x', 'y'] }).points).toEqual([
    { 'a.b': 1, 'c.d': 'x' },
    { 'a.b': 2, 'c.d': 'y' },
  ]);
});

test('cross combines the points of lists', () => {
  const search = cross([zip({ 'a.b': [1, 2], 'c.d': [3, 4] }), grid({ 'e.f': [5, 6] })], {
    where: (p) => p['a.b'] !== 2 || p['e.f'] !== 6,
  });
  expect(search.points.map((p) => Object.values(p))).toEqual([
    [1, 3, 5],
    [1, 3, 6],
    [2, 4, 5],
  ]);
});

test.each([
  ['an empty grid', () => grid({}), 'the grid is empty'],
  ['an axis without values', () => grid({ 'train.lr': [] }), "axis 'train.lr' has no values"],
  ['an axis that is no list', () => grid({ 'train.lr': 1 as unknown as [] }), 'needs a list of values'],
  ['a value twice', () => grid({ 'train.lr': [1, 2, 1] }), "axis 'train.lr' lists 1 twice"],
  [
    'a setting in two axes',
    () => grid({ 'model.layers,model.loops': [[1, 2]], 'model.loops': [1] }),
    "model.loops is set by two axes, 'model.layers,model.loops' and 'model.loops'",
  ],
  ['a setting twice in an axis', () => grid({ 'a.b,a.b': [[1, 2]] }), 'names a.b twice'],
  ['a pair that is no pair', () => grid({ 'a.b,a.c': [[1, 2], [1]] }), 'needs lists of 2 values'],
  ['seeds as a setting', () => grid({ seeds: [1, 2] }), 'seeds are an axis of their own'],
  ['no name', () => grid({ 'a.': [1] }), 'is not an axis'],
  ['a constraint that keeps nothing', () => grid({ 'a.b': [1, 2] }, { where: () => false }), 'refuses all 2 points'],
  ['axes of different lengths', () => zip({ 'a.b': [1], 'a.c': [1, 2] }), 'a.b: 1, a.c: 2'],
  ['a setting in two lists', () => cross([grid({ 'a.b': [1] }), zip({ 'a.b': [1] })]), 'a.b is set by two axes'],
])('refuses %s', (_, make, message) => {
  expect(make).toThrow(SweepError);
  expect(make).toThrow(message);
});
