// How well a law describes the runs it was fitted to and those held out, in all seeds together and in each alone.
import type { Key } from '@looplab/core';
import { overSeeds } from '../statistics/seeds.ts';
import { cell, type Row } from '../table.ts';
import {
  canFit,
  fitLaw,
  heldOutRSquared,
  predict,
  rSquared,
  type ScalingLaw,
  type ScalingPoint,
  type Variable,
} from './law.ts';

/**
 * Rows of `heldOut` (`nothing`, or a variable whose values are predicted one by one from the others), `rSquared` and
 * `runs` of all runs together, and of laws with the same terms fitted to each seed's runs alone: how many `seeds`, the
 * `mean` of their R2 and its 95% t interval `lo`, `hi`. Null where the runs are too few for a law or the seeds for an interval.
 */
export function goodness(
  points: readonly ScalingPoint[],
  law: ScalingLaw,
  options: { readonly key: Key; progress?(text: string): void },
): Row[] {
  const { key, progress } = options;
  const variables = law.terms.map((t) => t.variable);
  const shape = { key, variables, shifts: law.terms.filter((t) => t.shift > 0).map((t) => t.variable) };
  const seeds = [...Map.groupBy(points, (p) => p.seed ?? null)];
  return (['nothing', ...variables] as const).map((heldOut) => {
    progress?.(heldOut === 'nothing' ? "fitting each seed's runs" : `predicting runs of held-out ${heldOut}`);
    const own = seeds.map(([seed, some]) => ({
      heldOut,
      seed,
      rSquared: canFit(some, shape)
        ? cell(heldOut === 'nothing' ? ofAll(some, fitLaw(some, shape)) : heldOutR(some, heldOut))
        : null,
    }));
    const {
      n = 0,
      mean = null,
      lo = null,
      hi = null,
    } = overSeeds(own, { by: ['heldOut'], value: 'rSquared' })[0] ?? {};
    const all = heldOut === 'nothing' ? ofAll(points, law) : heldOutR(points, heldOut);
    return { heldOut, rSquared: cell(all), runs: points.length, seeds: n, mean, lo, hi };
  });

  function heldOutR(of: readonly ScalingPoint[], variable: Variable): number {
    return heldOutRSquared(of, variable, { key, variables });
  }
}

function ofAll(points: readonly ScalingPoint[], law: ScalingLaw): number {
  return rSquared(
    points,
    points.map((p) => predict(law, p)),
  );
}
