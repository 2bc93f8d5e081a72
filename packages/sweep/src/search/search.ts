// What decides the trials of a sweep: a pure function of the seed and of what came out so far.
import type { Key } from '@looplab/core';
import type { Json, Point } from '../space/point.ts';

/** One thing to be done: a point trained to its end, or to a step at which its fate is decided. */
export interface Suggestion {
  /** Number of the point, from 0. */
  readonly trial: number;
  readonly point: Point;
  /** Updates after which this suggestion is fulfilled; absent: all of them. */
  readonly until?: number;
  /** Number of the rung that ends at `until`. */
  readonly rung?: number;
  /** Give a run up at an evaluation whose best score so far is above the limit for its step. */
  readonly limits?: readonly (readonly [step: number, score: number])[];
}

/** What came of a suggestion. Scores are such that lower is better; null where there is none, as the run failed. */
export interface Outcome {
  readonly suggestion: Suggestion;
  /** Mean over the runs of the trial. */
  readonly score: number | null;
  /** Each run's score at each of its evaluations; only where the search asks for `curves`. */
  readonly curves?: readonly (readonly (readonly [step: number, score: number])[])[];
}

/** What a search may look at. */
export interface SearchView {
  /** Of the sweep's search seed. */
  readonly key: Key;
  /** What was suggested so far. */
  readonly made: readonly Suggestion[];
  /** What came out, in the order of {@link Timeline}. */
  readonly history: readonly Outcome[];
  /** Updates of a whole run, and between its evaluations. */
  readonly steps: number;
  readonly evalEvery: number;
}

/** How the trials of a sweep are chosen. Plain data beside one pure function. */
export interface Search {
  readonly id: string;
  /** Plain JSON that tells it from other searches. */
  readonly options: Readonly<Record<string, Json>>;
  /** Every setting its points may have. */
  readonly keys: readonly string[];
  /** Number of points. */
  readonly trials: number;
  /** Suggestions that may be open at the same time; Infinity if none depends on what comes out. */
  readonly parallel: number;
  /** Whether trials stop before the end, so that all of them must have the same number of updates. */
  readonly partial?: boolean;
  /** Whether outcomes need `curves`. */
  readonly curves?: boolean;
  /** The next one; undefined if there is none before more has come out, or at all. */
  suggest(view: SearchView): Suggestion | undefined;
}
