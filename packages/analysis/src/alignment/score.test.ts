// Alignment scores of synthetic traces: aligned, reversed, shuffled, all at once.
import { fold, key, permutation, uniform } from '@looplab/core';
import { describe, expect, it } from 'vitest';
import { alignmentScores, arrivals, type Decodability, firstLoops, monotoneSchedule } from './score.ts';

/** Step s can be read off from loop `first[s]` on. */
const steps = (first: readonly number[], loops: number): Decodability =>
  first.map((f) => Array.from({ length: loops + 1 }, (_, t) => (t >= f ? 1 : 0)));
const scores = (d: Decodability) =>
  Object.fromEntries(alignmentScores(d, key(0)).map((s) => [s.measure, s])) as Record<
    'spearman' | 'kendall' | 'schedule',
    ReturnType<typeof alignmentScores>[number]
  >;

describe('alignment', () => {
  it('of steps that come one a loop is perfect and beyond chance', () => {
    const { spearman, kendall, schedule } = scores(steps([1, 2, 3, 4, 5], 5));
    expect([spearman.value, kendall.value, schedule.value]).toEqual([1, 1, 1]);
    // of 120 orders only this one has rank correlation 1, or hits every step in order
    expect([spearman.null.p, kendall.null.p, schedule.null.p]).toEqual([1 / 120, 1 / 120, 1 / 120]);
    expect(spearman.null.mean).toBeCloseTo(0, 12);
  });

  it('of reversed steps is the opposite', () => {
    const { spearman, kendall, schedule } = scores(steps([5, 4, 3, 2, 1], 5));
    expect([spearman.value, kendall.value]).toEqual([-1, -1]);
    expect(schedule.value).toBe(1 / 5); // no two in order
    expect([spearman.null.p, schedule.null.p]).toEqual([1, 1]);
  });

  it('of shuffled steps is unremarkable', () => {
    const p = Array.from({ length: 20 }, (_, k) => {
      const order = Array.from(permutation(fold(key(1), k), 6), (i) => i + 1);
      return scores(steps(order, 6)).spearman.null.p;
    });
    // 20 p-values of a true null: about one below 0.05, about half below 0.5
    expect(p.filter((x) => x < 0.05).length).toBeLessThan(5);
    expect(p.filter((x) => x < 0.5).length).toBeGreaterThan(4);
    expect(p.filter((x) => x < 0.5).length).toBeLessThan(16);
  });

  it('of steps that are all there at once has no order', () => {
    const { spearman, schedule } = scores(steps([0, 0, 0, 0], 3));
    expect(spearman.value).toBeNaN();
    expect(spearman.null.p).toBeNaN();
    expect([schedule.value, schedule.null.p]).toEqual([1, 1]); // monotone, but so is every order
  });

  it('survives noisy probes', () => {
    const clean = steps([1, 2, 3, 4, 5], 5);
    const noisy = clean.map((row, s) =>
      row.map((x, t) => 0.8 * x + 0.15 * (uniform(fold(key(2), s * 10 + t), 1)[0] ?? 0)),
    );
    expect(scores(noisy).spearman.value).toBe(1);
    expect(scores(noisy).schedule.value).toBeGreaterThan(0.7);
  });
});

describe('its parts', () => {
  it('first loops are relative to the best, and never is last', () => {
    expect(
      firstLoops([
        [0, 0.3, 0.5],
        [0.02, 0.05, 0.01],
        [0.9, 0.9, 1],
      ]),
    ).toEqual([2, 3, 0]);
  });

  it('arrivals sum to 1', () => {
    const [row, never] = arrivals([
      [0.2, 0.1, 0.8, 0.8],
      [0, 0.05, 0, 0],
    ]);
    expect(row?.map((x) => Math.round(x * 1e6) / 1e6)).toEqual([0.25, 0, 0.75, 0]);
    expect(never).toEqual([0, 0, 0, 0]);
  });

  it('the schedule is the best monotone one', () => {
    expect(
      monotoneSchedule([
        [0, 1, 0],
        [1, 0, 0],
        [0, 0, 1],
      ]),
    ).toBeCloseTo(2 / 3, 12);
    expect(
      monotoneSchedule([
        [0.5, 0.5],
        [0.5, 0.5],
      ]),
    ).toBe(0.5);
  });

  it('refuses two steps and holes', () => {
    expect(() => alignmentScores(steps([0, 1], 1), key(0))).toThrow('at least three chain steps (got 2)');
    expect(() => alignmentScores([[Number.NaN], [0], [1]], key(0))).toThrow('probe them all');
  });
});
