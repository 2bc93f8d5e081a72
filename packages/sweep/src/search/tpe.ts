// The tree-structured Parzen estimator: draws where good trials were dense and bad ones were not.
import { fold, type Key, uniform } from '@looplab/core';
import { type Dimension, type Dimensions, unitOf, valueAt } from '../space/dimension.ts';
import { drawPoint } from '../space/draw.ts';
import type { Json } from '../space/point.ts';
import { density, parzen, sampleParzen } from './parzen.ts';
import { assertWhole, type RandomOptions, sampled } from './random.ts';
import type { Outcome, Search } from './search.ts';

export interface TpeOptions extends RandomOptions {
  /** Random trials before the first that is chosen; default 10. */
  readonly startup?: number;
  /** Trials that may be open at the same time, default 4: each is chosen without knowing what comes of the others. */
  readonly parallel?: number;
  /** Draws from the good density of which the best is taken; default 24. */
  readonly candidates?: number;
}

/**
 * Bergstra et al. 2011, section 4, each setting on its own. The best tenth of the trials (at most 25) is the good set; of
 * `candidates` draws from its density l, the one with the largest l / g is taken, g being the density of the rest. Trials that failed
 * belong to the rest.
 * @throws SweepError for an empty space or options out of range
 */
export function tpe(dimensions: Dimensions, options: TpeOptions): Search {
  const { trials, where, startup = 10, parallel = 4, candidates = 24 } = options;
  const common = sampled('tpe', dimensions, options, { startup, parallel, candidates });
  assertWhole('tpe: startup', startup, 1);
  assertWhole('tpe: parallel', parallel, 1);
  assertWhole('tpe: candidates', candidates, 1);
  return {
    ...common,
    parallel,
    suggest: ({ key, made: { length: trial }, history }) => {
      if (trial >= trials) return undefined;
      const k = fold(key, trial);
      if (trial < startup || history.length < 2) return { trial, point: drawPoint(dimensions, k, where) };
      const { good, rest } = divided(history);
      const draw = (name: string, dimension: Dimension, each: Key): Json =>
        best(dimension, valuesOf(good, name), valuesOf(rest, name), each, candidates);
      return { trial, point: drawPoint(dimensions, k, where, draw) };
    },
  };
}

function divided(history: readonly Outcome[]): { good: Outcome[]; rest: Outcome[] } {
  const worst = Number.POSITIVE_INFINITY;
  const sorted = [...history].sort((a, b) => {
    const [x, y] = [a.score ?? worst, b.score ?? worst];
    return x === y ? a.suggestion.trial - b.suggestion.trial : x - y;
  });
  const n = Math.min(25, Math.ceil(0.1 * sorted.length));
  return { good: sorted.slice(0, n), rest: sorted.slice(n) };
}

function valuesOf(outcomes: readonly Outcome[], name: string): Json[] {
  return outcomes.flatMap(({ suggestion: { point } }) => {
    const value = point[name];
    return value === undefined ? [] : [value];
  });
}

function best(dimension: Dimension, good: readonly Json[], rest: readonly Json[], k: Key, n: number): Json {
  if (dimension.kind === 'choice') return bestChoice(dimension.values, good, rest, k, n);
  const units = (values: readonly Json[]): number[] =>
    values.map((v) => unitOf(dimension, v)).filter((u) => u !== undefined);
  const [l, g] = [parzen(units(good)), parzen(units(rest))];
  const drawn = sampleParzen(l, k, n);
  return valueAt(
    dimension,
    Math.min(
      largest(drawn, (u) => density(l, u) / density(g, u)),
      1 - 2 ** -24,
    ),
  );
}

/** Counts with one more of each value, as a prior. */
function bestChoice(values: readonly Json[], good: readonly Json[], rest: readonly Json[], k: Key, n: number): Json {
  const texts = values.map((v) => JSON.stringify(v));
  const weights = (seen: readonly Json[]): number[] => {
    const counts = texts.map((text) => 1 + seen.filter((v) => JSON.stringify(v) === text).length);
    const sum = counts.reduce((a, b) => a + b, 0);
    return counts.map((c) => c / sum);
  };
  const [l, g] = [weights(good), weights(rest)];
  const drawn = Array.from(uniform(k, n), (u) => pick(l, u));
  return values[largest(drawn, (i) => (l[i] ?? 0) / (g[i] ?? 1))] ?? null;
}

function pick(weights: readonly number[], u: number): number {
  let left = u;
  const i = weights.findIndex((w) => {
    left -= w;
    return left < 0;
  });
  return i < 0 ? weights.length - 1 : i;
}

/** The first of the elements for which `score` is largest. */
function largest(xs: readonly number[], score: (x: number) => number): number {
  const [first = 0, ...more] = xs;
  return more.reduce((a, b) => (score(b) > score(a) ? b : a), first);
}
