// Depth: what each further loop gives, beyond the trained depth too, and whether harder problems take more of them.
import { fold, type Key, key } from '@looplab/core';
import { type Analysis, defineAnalysis } from '../analysis.ts';
import { difficulty } from '../difficulty.ts';
import { exitProbabilities } from '../exitProbabilities.ts';
import { type Readouts, readouts } from '../readouts.ts';
import { bootstrap } from '../statistics/bootstrap.ts';
import { clusteredMean } from '../statistics/clustered.ts';
import { spearman } from '../statistics/rankCorrelation.ts';
import { cell, type Row } from '../table.ts';

/** 1 where the answer after loop `t` (an index of `of.loops`) is the target. */
export function correct(of: Readouts, t: number): Float64Array {
  return Float64Array.from(of.target, (target, i) => (of.answer[t]?.[i] === target ? 1 : 0));
}

export const depth: Analysis = defineAnalysis({
  id: 'depth',
  title: 'Accuracy, loss and exit probability by loop, and difficulty against depth',
  needs: ['loops', 'readouts'],
  tables: {
    loops: {
      loop: 'number of loops, 1 to twice the trained depth',
      trained: 'whether the model was trained that deep',
      tokens: 'scored tokens',
      accuracy: 'share of right answers',
      accuracyLo: 'lower end of the 95% bootstrap interval over rows',
      accuracyHi: 'upper end',
      loss: 'nats a token',
      lossLo: 'lower end of the 95% bootstrap interval over rows',
      lossHi: 'upper end',
    },
    exits: {
      loop: '1 to the trained depth',
      probability: 'mean probability of stopping after this loop',
      lo: 'lower end of the 95% bootstrap interval over rows',
      hi: 'upper end',
    },
    difficulty: {
      steps: 'chain steps that the answer needs',
      loop: 'number of loops',
      tokens: 'scored tokens of that difficulty',
      accuracy: 'share of right answers',
      lo: 'lower end of the 95% bootstrap interval over rows',
      hi: 'upper end',
      gain: 'accuracy minus that after the first loop',
      relativeGain: 'gain over the accuracy after the first loop',
    },
    depthByDifficulty: {
      steps: 'chain steps that the answer needs',
      tokens: 'scored tokens of that difficulty',
      expectedLoops: 'mean of the exit distribution, in loops; empty without a gate',
      expectedLo: 'lower end of the 95% bootstrap interval over rows',
      expectedHi: 'upper end',
      firstRight:
        'mean number of the first loop from which the answer stays right, of the tokens right at the trained depth',
      firstRightLo: 'lower end of the 95% bootstrap interval over rows',
      firstRightHi: 'upper end',
    },
    correlation: {
      measure: '`expected loops` or `first right loop`',
      rho: "Spearman's correlation with the number of chain steps, over tokens",
      lo: 'lower end of the 95% bootstrap interval over rows',
      hi: 'upper end',
      tokens: 'tokens',
    },
  },
  run: async (context) => {
    const of = await readouts(context);
    const from = fold(key(context.seed), 'depth');
    const steps = difficulty(context, of);
    const rights = of.loops.map((_, t) => correct(of, t));
    const loops = of.loops.map((loop, t): Row => {
      const a = clusteredMean(rights[t] ?? [], of, { key: from });
      const l = clusteredMean(of.loss[t] ?? [], of, { key: from });
      return {
        loop,
        trained: loop <= of.trained,
        tokens: a.n,
        accuracy: a.value,
        accuracyLo: cell(a.lo),
        accuracyHi: cell(a.hi),
        loss: l.value,
        lossLo: cell(l.lo),
        lossHi: cell(l.hi),
      };
    });
    const p = exitProbabilities(of);
    const exits = p.map((x, t): Row => {
      const { value, lo, hi } = clusteredMean(x, of, { key: from });
      return { loop: t + 1, probability: value, lo: cell(lo), hi: cell(hi) };
    });
    const expected = p.length > 0 ? expectedLoops(p) : undefined;
    const notes = [
      `Loops beyond ${of.trained} extrapolate. Intervals resample the ${new Set(of.row).size} held-out rows of this one run; they say nothing about other seeds.`,
      ...(p.length === 0 ? ['Without a gate there is no exit distribution.'] : []),
      ...(steps ? [] : ['The task has no chain of intermediate values, so nothing is said about difficulty.']),
    ];
    const tables = { loops, exits };
    if (!steps) return { tables, notes };
    const groups = [...new Set(steps)].sort((a, b) => a - b);
    const first = firstRight(of, rights);
    return {
      tables: {
        ...tables,
        difficulty: groups.flatMap((g) => byLoop(of, rights, (i) => steps[i] === g, g, from)),
        depthByDifficulty: groups.map((g): Row => {
          const e = expected && clusteredMean(expected, of, { key: from, keep: (i) => steps[i] === g });
          const kept = (i: number): boolean => steps[i] === g && Number.isFinite(first[i] ?? Number.NaN);
          const any = Array.from(first.keys()).some(kept);
          const f = any ? clusteredMean(first, of, { key: from, keep: kept }) : undefined;
          return {
            steps: g,
            tokens: steps.filter((s) => s === g).length,
            expectedLoops: cell(e?.value ?? Number.NaN),
            expectedLo: cell(e?.lo ?? Number.NaN),
            expectedHi: cell(e?.hi ?? Number.NaN),
            firstRight: cell(f?.value ?? Number.NaN),
            firstRightLo: cell(f?.lo ?? Number.NaN),
            firstRightHi: cell(f?.hi ?? Number.NaN),
          };
        }),
        correlation: [
          ...(expected ? [correlationRow('expected loops', steps, expected, of, from)] : []),
          correlationRow('first right loop', steps, first, of, from),
        ],
      },
      notes,
    };
  },
});

/** Accuracy of some tokens after every loop. */
function byLoop(
  of: Readouts,
  rights: readonly Float64Array[],
  keep: (i: number) => boolean,
  steps: number,
  from: Key,
): Row[] {
  const estimates = rights.map((r) => clusteredMean(r, of, { key: from, keep, resamples: 400 }));
  const start = estimates[0]?.value ?? Number.NaN;
  return estimates.map(({ n, value, lo, hi }, t) => ({
    steps,
    loop: of.loops[t] ?? 0,
    tokens: n,
    accuracy: value,
    lo: cell(lo),
    hi: cell(hi),
    gain: value - start,
    relativeGain: cell((value - start) / start),
  }));
}

/** The mean of each token's exit distribution, in loops. */
function expectedLoops(p: readonly Float64Array[]): Float64Array {
  return Float64Array.from(p[0] ?? [], (_, i) => p.reduce((sum, x, t) => sum + (t + 1) * (x[i] ?? 0), 0));
}

/**
 * The first loop from which a token's answer is right and stays so up to the trained depth; NaN where it is wrong
 * there.
 */
function firstRight(of: Readouts, rights: readonly Float64Array[]): Float64Array {
  const last = of.loops.indexOf(of.trained);
  return Float64Array.from(of.target, (_, i) => {
    let t = last;
    if (rights[t]?.[i] !== 1) return Number.NaN;
    while (t > 0 && rights[t - 1]?.[i] === 1) t--;
    return of.loops[t] ?? Number.NaN;
  });
}

function correlationRow(measure: string, steps: Int32Array, y: Float64Array, of: Readouts, from: Key): Row {
  const rows = new Map<number, number[]>();
  for (const [i, v] of y.entries())
    if (Number.isFinite(v)) rows.set(of.row[i] ?? 0, [...(rows.get(of.row[i] ?? 0) ?? []), i]);
  const rho = (sample: readonly (readonly number[])[]): number => {
    const tokens = sample.flat();
    return spearman(
      tokens.map((i) => steps[i] ?? 0),
      tokens.map((i) => y[i] ?? 0),
    );
  };
  const groups = [...rows.values()];
  const value = rho(groups);
  const tokens = groups.flat().length;
  if (!Number.isFinite(value)) return { measure, rho: null, lo: null, hi: null, tokens }; // one side does not vary
  const { lo, hi } = bootstrap(groups, rho, { key: from, resamples: 400, method: 'percentile' });
  return { measure, rho: value, lo: cell(lo), hi: cell(hi), tokens };
}
