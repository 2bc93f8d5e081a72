// Random search: each trial is a draw of its own.
import { fold } from '@looplab/core';
import { SweepError } from '../errors.ts';
import { assertDimensions, type Dimensions, describeDimensions } from '../space/dimension.ts';
import { drawPoint, type Where } from '../space/draw.ts';
import { axisKeys, distinctKeys, type Json } from '../space/point.ts';
import type { Search } from './search.ts';

export interface RandomOptions {
  /** Number of points. */
  readonly trials: number;
  /** Of the draws; default 0. Has nothing to do with the seeds of training. */
  readonly seed?: number;
  /** Draws until a point satisfies it. */
  readonly where?: Where;
}

/**
 * `trials` independent draws. Trial `t` depends on the seed and `t` only, so more trials leave the first ones as they were.
 * @throws SweepError for an empty space or options out of range
 */
export function random(dimensions: Dimensions, options: RandomOptions): Search {
  const { trials, where } = options;
  return {
    ...sampled('random', dimensions, options, {}),
    parallel: Number.POSITIVE_INFINITY,
    suggest: ({ key, made: { length: trial } }) =>
      trial < trials ? { trial, point: drawPoint(dimensions, fold(key, trial), where) } : undefined,
  };
}

/** What searches over dimensions have in common, checked. */
export function sampled(
  id: string,
  dimensions: Dimensions,
  { trials, seed = 0, where }: RandomOptions,
  more: Readonly<Record<string, Json>>,
): Pick<Search, 'id' | 'options' | 'keys' | 'trials'> {
  assertDimensions(dimensions);
  const tied = Object.keys(dimensions).find((axis) => axisKeys(axis).length > 1);
  if (tied !== undefined) throw new SweepError(`'${tied}' names several settings; draw each on its own, or use grid`);
  assertWhole(`${id}: trials`, trials, 1);
  assertWhole(`${id}: seed`, seed, 0);
  const options = {
    space: describeDimensions(dimensions),
    trials,
    seed,
    ...more,
    ...(where === undefined ? {} : { where: String(where) }),
  };
  return { id, options, keys: distinctKeys(Object.keys(dimensions)), trials };
}

/** @throws SweepError unless `value` is a whole number of at least `least` */
export function assertWhole(what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new SweepError(`${what} must be a whole number >= ${least} (got ${value})`);
  }
}
