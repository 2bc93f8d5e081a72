// The scaling analysis of a sweep: the law's constants with intervals, held-out runs predicted, isoFLOP curves.
import { fold, key, randint } from '@looplab/core';
import { type Analysis, defineAnalysis, skip } from '../analysis.ts';
import { quantileOfSorted } from '../statistics/moments.ts';
import { cell, type Row } from '../table.ts';
import { goodness } from './goodness.ts';
import { isoFlop } from './isoFlop.ts';
import { FEWEST, fitLaw, predict, type ScalingLaw, type ScalingPoint, valuesOf } from './law.ts';

const RESAMPLES = 200;

export const scaling: Analysis = defineAnalysis({
  id: 'scaling',
  title: 'How the loss falls with size, tokens and loops',
  needs: [],
  of: 'folder',
  tables: {
    law: {
      constant: '`E`, or `scale`, `shift`, `exponent` of a term',
      variable: 'N (parameters), D (tokens) or T (loops); empty for E',
      value: 'of L = E + A/(N+t1)^a + B/(D+t2)^b + C/(T+t3)^g, L in nats a token',
      lo: '2.5% quantile over refits on resampled cells: the runs of one size, tokens and loops',
      hi: '97.5% quantile',
    },
    fit: {
      heldOut:
        '`nothing`: fit and test on all runs; a variable: each of its values predicted from the runs with other values',
      rSquared: 'explained share of the variance of the loss; empty where the rest is too few runs',
      runs: 'runs of all seeds',
      seeds: 'seeds whose runs alone are enough for a law',
      mean: "of the R2 of each seed's own law",
      lo: 'lower end of its 95% t interval over seeds',
      hi: 'upper end',
    },
    runs: {
      N: 'parameters',
      D: 'training tokens',
      T: 'loops',
      seed: 'seed; empty if not given',
      loss: 'final held-out loss, nats a token',
      predicted: 'by the law',
    },
    isoFlop: {
      budget: 'training FLOPs',
      T: 'loops',
      N: 'parameters',
      D: 'tokens that the budget leaves, at 6 N T FLOPs a token',
      loss: 'predicted, nats a token',
      best: 'whether this is the best size for the budget and depth',
    },
  },
  run: async ({ sweep, seed, progress }) => {
    if (!sweep)
      return skip('does not apply: it needs the final losses of a sweep of runs (context.sweep), this is one run');
    const from = fold(key(seed), 'scaling');
    progress(`fitting a law to ${sweep.length} runs`);
    const law = fitLaw(sweep, { key: from });
    const variables = law.terms.map((t) => t.variable);
    const shifts = law.terms.filter((t) => t.shift > 0).map((t) => t.variable);
    const shape = { key: from, variables, shifts, from: law };
    // What the law gets wrong in a cell is wrong for each of its seeds, so whole cells are drawn.
    const cells = [...Map.groupBy(sweep, ({ N, D, T }) => `${N} ${D} ${T}`).values()];
    const refits = Array.from({ length: RESAMPLES }, (_, k) => randint(fold(from, k), cells.length, cells.length))
      .map((drawn) => Array.from(drawn).flatMap((i) => cells[i] ?? []))
      .filter((sample) => variables.every((v) => valuesOf(sample, v).length >= FEWEST))
      .map((sample) => fitLaw(sample, shape));
    const predictions = sweep.map((p) => predict(law, p));
    const budgets = budgetsOf(sweep);
    const sizes = valuesOf(sweep, 'N');
    const canSplit = variables.includes('N') && variables.includes('D');
    return {
      tables: {
        law: constants(law).map(({ constant, variable, value }, i): Row => {
          const sorted = refits.map((r) => constants(r)[i]?.value ?? Number.NaN).sort((a, b) => a - b);
          const [lo, hi] = [quantileOfSorted(sorted, 0.025), quantileOfSorted(sorted, 0.975)];
          return { constant, variable, value, lo: cell(lo), hi: cell(hi) };
        }),
        fit: goodness(sweep, law, { key: from, progress }),
        runs: sweep.map(({ N, D, T, loss, seed: s }, i) => ({
          N,
          D,
          T,
          seed: s ?? null,
          loss,
          predicted: predictions[i] ?? null,
        })),
        isoFlop: canSplit
          ? isoFlop(law, {
              budgets,
              loops: valuesOf(sweep, 'T'),
              sizes: [(sizes[0] ?? 1) / 4, (sizes.at(-1) ?? 1) * 4],
            }).map((p) => ({ ...p }))
          : [],
      },
      notes: [
        `Cells are resampled for the intervals of the constants (${refits.length} refits), R2 has those over seeds.`,
        ...(shifts.length < variables.length
          ? [`No shift is fitted in ${variables.filter((v) => !shifts.includes(v)).join(', ')}: it needs five values.`]
          : []),
        ...(canSplit ? [] : ['Without both size and tokens varied there are no isoFLOP curves.']),
      ],
    };
  },
});

function constants(law: ScalingLaw): { constant: string; variable: string | null; value: number }[] {
  return [
    { constant: 'E', variable: null, value: law.E },
    ...law.terms.flatMap(({ variable, scale, shift, exponent }) => [
      { constant: 'scale', variable, value: scale },
      ...(shift > 0 ? [{ constant: 'shift', variable, value: shift }] : []),
      { constant: 'exponent', variable, value: exponent },
    ]),
  ];
}

/** Three budgets within the sweep's, evenly spaced in their logarithm. */
function budgetsOf(sweep: readonly ScalingPoint[]): number[] {
  const spent = sweep.map((p) => Math.log(6 * p.N * p.T * p.D)).sort((a, b) => a - b);
  return [0.1, 0.5, 0.9].map((q) => Math.exp(quantileOfSorted(spent, q)));
}
