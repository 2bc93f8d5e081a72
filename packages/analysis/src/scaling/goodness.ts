// How well a law describes the runs it was fitted to and those held out, with intervals from refits on resampled cells.
import { fold, type Key, randint } from '@looplab/core';
import { quantileOfSorted } from '../statistics/moments.ts';
import {
  FEWEST,
  fitLaw,
  heldOutRSquared,
  lawsWithout,
  predict,
  rSquared,
  type ScalingLaw,
  type ScalingPoint,
  type Variable,
  valuesOf,
} from './law.ts';

/** A sample of the runs, and the law fitted to it. */
export interface Refit {
  readonly sample: readonly ScalingPoint[];
  readonly law: ScalingLaw;
}

/**
 * Laws with the terms of `law`, fitted to samples of the sweep's cells with replacement. A cell is the runs of one size,
 * number of tokens and number of loops, which differ in their seed: what the law gets wrong there is wrong for all of them.
 * Samples with fewer than three values of a term's variable are left out.
 */
export function refits(points: readonly ScalingPoint[], law: ScalingLaw, key: Key, resamples = 200): Refit[] {
  const cells = [...Map.groupBy(points, ({ N, D, T }) => `${N} ${D} ${T}`).values()];
  const variables = law.terms.map((t) => t.variable);
  const shifts = law.terms.filter((t) => t.shift > 0).map((t) => t.variable);
  return Array.from({ length: resamples }, (_, k) =>
    Array.from(randint(fold(key, k), cells.length, cells.length)).flatMap((i) => cells[i] ?? []),
  )
    .filter((sample) => variables.every((v) => valuesOf(sample, v).length >= FEWEST))
    .map((sample) => ({ sample, law: fitLaw(sample, { key, variables, shifts, from: law }) }));
}

/** R2 of a law, and where 95% of its refits lie. */
export interface Goodness {
  /** `nothing`: fitted to and tested on all runs; a variable: each of its values predicted from the others. */
  readonly heldOut: 'nothing' | Variable;
  /** NaN where the rest is too few runs. */
  readonly rSquared: number;
  readonly lo: number;
  readonly hi: number;
}

/** The R2 of `law` on all runs, and with each of its variables held out value by value. */
export function goodness(
  points: readonly ScalingPoint[],
  law: ScalingLaw,
  again: readonly Refit[],
  options: { readonly key: Key; progress?(text: string): void },
): Goodness[] {
  const { key, progress } = options;
  const variables = law.terms.map((t) => t.variable);
  const onAll = ({ sample, law: of }: Refit): number =>
    rSquared(
      sample,
      sample.map((p) => predict(of, p)),
    );
  return [
    { heldOut: 'nothing', rSquared: onAll({ sample: points, law }), ...middle(again.map(onAll)) },
    ...variables.map((v): Goodness => {
      progress?.(`predicting runs of held-out ${v}`);
      const laws = lawsWithout(points, v, { key, variables });
      if (!laws) return { heldOut: v, rSquared: Number.NaN, lo: Number.NaN, hi: Number.NaN };
      const draws = again.flatMap(({ sample }) => {
        const without = lawsWithout(sample, v, { key, variables, from: laws });
        return without ? [heldOutRSquared(sample, v, without)] : [];
      });
      return { heldOut: v, rSquared: heldOutRSquared(points, v, laws), ...middle(draws) };
    }),
  ];
}

/** Where the middle 95% of the draws lie; NaN without any. */
export function middle(draws: readonly number[]): { lo: number; hi: number } {
  const sorted = [...draws].sort((a, b) => a - b);
  return { lo: quantileOfSorted(sorted, 0.025), hi: quantileOfSorted(sorted, 0.975) };
}
