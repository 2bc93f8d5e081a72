// Asynchronous successive halving: many short trials, of which the best go on to longer ones.
import { fold } from '@looplab/core';
import { SweepError } from '../errors.ts';
import type { Dimensions } from '../space/dimension.ts';
import { drawPoint } from '../space/draw.ts';
import { assertWhole, type RandomOptions, sampled } from './random.ts';
import type { Outcome, Search, SearchView, Suggestion } from './search.ts';

export interface AshaOptions extends RandomOptions {
  /** One in `eta` trials of a rung goes on to the next, which is `eta` times as long; default 3. */
  readonly eta?: number;
  /** Number of rungs, the last being whole runs; default 3. */
  readonly rungs?: number;
  /** Trials that may be open at the same time, default 4. */
  readonly parallel?: number;
}

/**
 * Li et al. 2020 (A System for Massively Parallel Hyperparameter Tuning, algorithm 2): whenever a worker is free, it takes a
 * trial that is among the best `1 / eta` of its rung one rung up, or else begins a new trial in the lowest rung. A trial that goes
 * on is resumed from its checkpoint, so nothing is trained twice. Rungs end at evaluations.
 * @throws SweepError for an empty space or options out of range
 */
export function asha(dimensions: Dimensions, options: AshaOptions): Search {
  const { trials, where, eta = 3, rungs = 3, parallel = 4 } = options;
  const common = sampled('asha', dimensions, options, { eta, rungs, parallel });
  assertWhole('asha: eta', eta, 2);
  assertWhole('asha: rungs', rungs, 2);
  assertWhole('asha: parallel', parallel, 1);
  return {
    ...common,
    parallel,
    partial: true,
    suggest: (view) => {
      const ends = rungEnds(view, eta, rungs);
      const { key, made, history } = view;
      for (let rung = rungs - 2; rung >= 0; rung--) {
        const next = promotable(history, made, rung, eta);
        if (next) return { ...next, rung: rung + 1, ...until(ends, rung + 1) };
      }
      const trial = made.filter((s) => s.rung === 0).length;
      if (trial >= trials) return undefined;
      return { trial, point: drawPoint(dimensions, fold(key, trial), where), rung: 0, ...until(ends, 0) };
    },
  };
}

/** The best trial of a rung's top `1 / eta` that has not gone on yet. */
function promotable(
  history: readonly Outcome[],
  made: readonly Suggestion[],
  rung: number,
  eta: number,
): Pick<Suggestion, 'trial' | 'point'> | undefined {
  const ended = history.filter((o) => o.suggestion.rung === rung);
  const top = ended
    .filter((o): o is Outcome & { score: number } => o.score !== null)
    .sort((a, b) => a.score - b.score || a.suggestion.trial - b.suggestion.trial)
    .slice(0, Math.floor(ended.length / eta));
  const gone = new Set(made.filter((s) => s.rung === rung + 1).map((s) => s.trial));
  const next = top.find((o) => !gone.has(o.suggestion.trial));
  return next && { trial: next.suggestion.trial, point: next.suggestion.point };
}

/** Updates after which each rung ends: whole runs divided by powers of eta, moved up to the next evaluation. */
function rungEnds({ steps, evalEvery }: SearchView, eta: number, rungs: number): number[] {
  const ends = Array.from({ length: rungs }, (_, r) => {
    const share = steps / eta ** (rungs - 1 - r);
    return Math.min(steps, Math.ceil(share / evalEvery) * evalEvery);
  });
  if (new Set(ends).size < rungs) {
    throw new SweepError(
      `asha: the rungs would end at steps ${ends.join(', ')}, which must differ; lower train.evalEvery (${evalEvery}) or rungs`,
    );
  }
  return ends;
}

/** Whole runs have no end of their own. */
function until(ends: readonly number[], rung: number): { until?: number } {
  const end = ends[rung];
  return rung === ends.length - 1 || end === undefined ? {} : { until: end };
}
