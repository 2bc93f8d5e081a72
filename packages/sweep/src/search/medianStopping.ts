// The median rule: gives up a run that has never been as good as the usual run was on average.
import { median } from '@looplab/train';
import { SweepError } from '../errors.ts';
import { assertWhole } from './random.ts';
import type { Outcome, Search, SearchView } from './search.ts';

export interface MedianStoppingOptions {
  /** Runs that must have reached a step before one is given up there; default 5. */
  readonly minRuns?: number;
  /** No run is given up before this step; default 0. */
  readonly minSteps?: number;
  /** Trials that may be open at the same time where the search itself sets no bound; default 4. */
  readonly parallel?: number;
}

/**
 * Golovin et al. 2017 (Google Vizier, section 3.2.1): a run is stopped at step s if its best score up to s is worse than the
 * median, over the earlier runs that reached s, of their mean score up to s. The limits are fixed when a trial begins, from what
 * had ended by then, so a run decides alone and a resumed sweep decides alike.
 * @throws SweepError for a search that stops trials itself, or options out of range
 */
export function medianStopping(search: Search, options: MedianStoppingOptions = {}): Search {
  const { minRuns = 5, minSteps = 0, parallel = 4 } = options;
  if (search.partial || search.curves) {
    throw new SweepError(`medianStopping cannot wrap ${search.id}, which stops trials itself; use one of them`);
  }
  assertWhole('medianStopping: minRuns', minRuns, 1);
  assertWhole('medianStopping: minSteps', minSteps, 0);
  assertWhole('medianStopping: parallel', parallel, 1);
  const bounded = Math.min(search.parallel, parallel);
  return {
    ...search,
    id: `${search.id}+median`,
    options: { ...search.options, median: { minRuns, minSteps, parallel: bounded } },
    parallel: bounded,
    curves: true,
    suggest: (view) => {
      const suggestion = search.suggest(view);
      return suggestion && { ...suggestion, limits: limitsOf(view, minRuns, minSteps) };
    },
  };
}

function limitsOf({ history, steps, evalEvery }: SearchView, minRuns: number, minSteps: number): [number, number][] {
  const curves = history.flatMap((o: Outcome) => o.curves ?? []);
  const limits: [number, number][] = [];
  for (let step = evalEvery; step < steps; step += evalEvery) {
    const means = curves
      .filter((curve) => (curve.at(-1)?.[0] ?? 0) >= step)
      .map((curve) => mean(curve.filter(([s]) => s <= step).map(([, score]) => score)));
    if (step >= minSteps && means.length >= minRuns) limits.push([step, median(means)]);
  }
  return limits;
}

function mean(xs: readonly number[]): number {
  return xs.reduce((a, b) => a + b, 0) / xs.length;
}
