// Checks the group tables against permutation composition and the group axioms.
import { describe, expect, it } from 'vitest';
import { groupByName } from './groups.ts';
import { TaskError } from './task.ts';

const names = ['S2', 'S3', 'S4', 'A4', 'Z5', 'Z7', 'S5', 'A5'];

describe.each(names)('%s', (name) => {
  const group = groupByName(name);
  const all = Array.from({ length: group.order }, (_, a) => a);

  it('multiplies as its permutations compose, left one first', () => {
    for (const a of all) {
      for (const b of all) {
        const [p, q] = [group.permutation(a), group.permutation(b)];
        const composed = p.map((image) => q[image]);
        if (group.permutation(group.multiply(a, b)).join() !== composed.join()) expect([a, b]).toBe(composed);
      }
    }
    expect(new Set(all.map((a) => group.permutation(a).join())).size).toBe(group.order);
  });

  it('is a group: identity, inverses, associativity, closure', () => {
    const sample = all.filter((a) => a % Math.ceil(group.order / 24) === 0);
    for (const a of all) {
      expect(group.multiply(a, group.identity)).toBe(a);
      expect(group.multiply(group.identity, a)).toBe(a);
      expect(all.filter((b) => group.multiply(a, b) === group.identity)).toHaveLength(1);
    }
    for (const a of sample) {
      for (const b of sample) {
        for (const c of sample) {
          const [ab, bc] = [group.multiply(a, b), group.multiply(b, c)];
          if (group.multiply(ab, c) !== group.multiply(a, bc)) expect.fail(`(${a} ${b}) ${c}`);
        }
      }
    }
  });
});

it('has the orders of the textbook', () => {
  const orders = ['S3', 'S4', 'S5', 'S6', 'A4', 'A5', 'Z60'].map((name) => groupByName(name).order);
  expect(orders).toEqual([6, 24, 120, 720, 12, 60, 60]);
});

it('applies the left factor first', () => {
  const { labels, multiply } = groupByName('S3');
  const at = (label: string) => labels.indexOf(label);
  // (1 2) first: 1 -> 2, 2 -> 1, 3 -> 3; then (2 3): 1 -> 3, 2 -> 1, 3 -> 2
  expect(labels[multiply(at('(1 2)'), at('(2 3)'))]).toBe('(1 3 2)');
  expect(labels[multiply(at('(2 3)'), at('(1 2)'))]).toBe('(1 2 3)');
});

it('writes cycles', () => {
  expect(groupByName('S3').labels).toEqual(['e', '(2 3)', '(1 2)', '(1 2 3)', '(1 3 2)', '(1 3)']);
  expect(groupByName('A4').labels).toContain('(1 2)(3 4)');
  expect(groupByName('Z3').labels).toEqual(['0', '1', '2']);
});

it.each(['S9', 'Z2000', 'S1', 'A2', 'Z1'])('refuses the size of %s', (name) => {
  expect(() => groupByName(name)).toThrow(/has \d+ elements; between 2 and 1024/);
});

it.each(['', 'Q8', 's3', 'S', 'S-3', 'S3 '])('refuses the name %j', (name) => {
  expect(() => groupByName(name)).toThrow(TaskError);
});
