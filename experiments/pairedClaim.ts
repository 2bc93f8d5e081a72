// Claims that one kind of run does better than another, judged by paired differences over seeds.
import { compareSeeds, type Row } from '@looplab/analysis';
import type { Claim, ClaimOf } from '@looplab/cli';
import type { RunSummary } from '@looplab/train';
import { measures } from './numbers.ts';

/** A claim with the comparisons it rests on, one a pair: what was compared, and columns of `compareSeeds`. */
interface PairedClaim extends Claim {
  readonly comparisons: readonly Row[];
}

/**
 * Of each pair `[a, b]` of variants, `a` has the higher held-out accuracy. Holds where the 95% t interval of the paired difference
 * lies above 0 for every pair; as all of them must, nothing needs correcting for their number.
 */
export function betterThan(statement: string, pairs: readonly (readonly [a: string, b: string])[]): ClaimOf {
  return ({ runs }) => {
    const rows = runs.map(({ variant = '', seed, accuracy = null }) => ({ variant, seed, accuracy }));
    return pairedClaim(statement, rows, 'variant', pairs);
  };
}

/** Read after one more loop, the models have a higher held-out accuracy, up to the depth they were trained for. */
export function risesWithLoops(statement: string): ClaimOf {
  return ({ runs }) => {
    const perLoop = ({ seed, accuracyPerLoop = [] }: RunSummary) =>
      accuracyPerLoop.map((accuracy, t) => ({ loop: t + 1, seed, accuracy }));
    const rows = runs.flatMap(perLoop);
    const loops = [...new Set(rows.map((r) => r.loop))].sort((a, b) => a - b);
    const pairs = loops.slice(1).map((loop) => [loop, loop - 1] as const);
    return pairedClaim(statement, rows, 'loop', pairs);
  };
}

function pairedClaim(
  statement: string,
  rows: readonly Row[],
  between: string,
  pairs: readonly (readonly [a: string | number, b: string | number])[],
): PairedClaim {
  const seedsOf = (side: string | number) => rows.filter((r) => r[between] === side).map((r) => r.seed);
  const lacking = pairs.find(([a, b]) => seedsOf(a).filter((s) => seedsOf(b).includes(s)).length < 2);
  if (pairs.length === 0 || lacking) {
    const of = lacking ? ` of ${between} ${lacking.join(' and ')}` : '';
    return { statement, holds: false, outcome: `too few runs to tell; it takes two seeds${of}`, comparisons: [] };
  }
  const comparisons = pairs.flatMap(([a, b]) =>
    compareSeeds(rows, { by: [], value: 'accuracy', between, a, b }).map((row): Row => ({ a, b, ...measures(row) })),
  );
  const said = comparisons.map(
    (c) =>
      `${between} ${c.a} ${digits(c.meanA)} against ${between} ${c.b} ${digits(c.meanB)} ` +
      `(difference ${digits(c.difference)}, 95% interval ${digits(c.lo)} to ${digits(c.hi)}, ${c.n} seeds)`,
  );
  const holds = comparisons.every(({ lo }) => typeof lo === 'number' && lo > 0);
  return { statement, holds, outcome: said.join('; '), comparisons };
}

function digits(x: unknown): string {
  return typeof x === 'number' ? x.toFixed(3) : '–';
}
