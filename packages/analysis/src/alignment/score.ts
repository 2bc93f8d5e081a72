// Whether the steps of a chain appear in the order of the loops: rank correlation, monotone schedule, their nulls.
import type { Key } from '@looplab/core';
import { AnalysisError } from '../analysisError.ts';
import { kendall, type PermutationNull, permutationNull, spearman } from '../statistics/rankCorrelation.ts';

/**
 * How well each chain step can be read off after each loop, `[step][loop]`: 0 = as by guessing, 1 = perfectly. Loop 0
 * is before the first.
 */
export type Decodability = readonly (readonly number[])[];

/** Below this a step counts as never decodable. */
const FLOOR = 0.1;

/**
 * For each step the first loop after which it can be read off at `share` of its own best; never decodable steps come
 * after all others, at the number of loops read.
 */
export function firstLoops(d: Decodability, share = 0.8): number[] {
  return d.map((row) => {
    const best = Math.max(...row);
    return best < FLOOR ? row.length : row.findIndex((x) => x >= share * best);
  });
}

/**
 * How much of what can be read off arrives with each loop: the rises of the running maximum, which sum to 1; 0 if never
 * decodable.
 */
export function arrivals(d: Decodability): number[][] {
  return d.map((row) => {
    let before = 0;
    const best = Math.max(...row);
    return row.map((x) => {
      const rise = Math.max(0, x - before);
      before = Math.max(before, x);
      return best < FLOOR ? 0 : rise / best;
    });
  });
}

/**
 * 1 minus the cost of the cheapest monotone warping: every step is given one loop, no step an earlier one than the step
 * before, and the mean share of a step's arrival in its loop is counted. 1 = the steps arrive one after another, each
 * in one loop (or several in the same).
 */
export function monotoneSchedule(arrival: readonly (readonly number[])[]): number {
  const loops = arrival[0]?.length ?? 0;
  let best = new Array<number>(loops).fill(0); // of schedules whose last step is at this loop or earlier
  for (const row of arrival) {
    let top = Number.NEGATIVE_INFINITY;
    best = best.map((before, t) => {
      top = Math.max(top, before + (row[t] ?? 0));
      return top;
    });
  }
  return (best.at(-1) ?? 0) / arrival.length;
}

export interface AlignmentScore {
  readonly measure: 'spearman' | 'kendall' | 'schedule';
  /** NaN where all steps appear at once, so that there is no order. */
  readonly value: number;
  readonly null: PermutationNull;
}

/**
 * Three scores of one question, each with the law it has when the steps come in random order.
 * @throws AnalysisError with fewer than three steps, since two in order prove nothing
 */
export function alignmentScores(d: Decodability, key: Key): AlignmentScore[] {
  if (d.length < 3)
    throw new AnalysisError(
      `an alignment score needs at least three chain steps (got ${d.length}); use longer problems`,
    );
  if (d.some((row) => row.some((x) => !Number.isFinite(x))))
    throw new AnalysisError('an alignment score needs a number for every step and loop; probe them all');
  const first = firstLoops(d);
  const arrival = arrivals(d);
  const place = d.map((_, s) => s);
  const pick = <T>(items: readonly T[], order: readonly number[]): T[] => order.map((i) => items[i] as T); // orders of the items
  const measures = {
    spearman: (order: readonly number[]) => spearman(place, pick(first, order)),
    kendall: (order: readonly number[]) => kendall(place, pick(first, order)),
    schedule: (order: readonly number[]) => monotoneSchedule(pick(arrival, order)),
  };
  return (['spearman', 'kendall', 'schedule'] as const).map((measure) => ({
    measure,
    value: measures[measure](place),
    null: permutationNull(d.length, measures[measure], { key }),
  }));
}
