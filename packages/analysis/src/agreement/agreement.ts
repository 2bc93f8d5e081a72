// Agreement between loops: how often loop i and loop j give the same answer, and how early answers are decided.
import { fold, key } from '@looplab/core';
import { type Analysis, defineAnalysis } from '../analysis.ts';
import { correct } from '../depth/depth.ts';
import { type Readouts, readouts } from '../readouts.ts';
import { clusteredMean, weightedMean } from '../statistics/clustered.ts';
import { cell, type Row } from '../table.ts';

/** Per token, the first loop from which the answer is that of the trained depth and stays so. */
export function decidedAt(of: Readouts): Int32Array {
  const last = of.loops.indexOf(of.trained);
  return Int32Array.from({ length: of.tokens }, (_, i) => {
    let t = last;
    while (t > 0 && of.answer[t - 1]?.[i] === of.answer[last]?.[i]) t--;
    return of.loops[t] ?? 0;
  });
}

export const agreement: Analysis = defineAnalysis({
  id: 'agreement',
  title: 'Agreement between loops, and how early answers are decided',
  needs: ['loops', 'readouts'],
  tables: {
    agreement: {
      i: 'a loop, from 1 to twice the trained depth',
      j: 'another, not before it',
      tokens: 'scored tokens',
      same: 'A[i][j]: tokens whose likeliest symbol is the same after loop i and loop j',
      share: 'same / tokens, weighted',
      lo: 'lower end of the 95% bootstrap interval over rows',
      hi: 'upper end',
    },
    decided: {
      loop: '1 to the trained depth',
      share: 'share of tokens whose answer is that of the trained depth from this loop on, at the latest',
      lo: 'lower end of the 95% bootstrap interval over rows',
      hi: 'upper end',
      newly: 'share decided in this very loop',
      accuracyOfNewly: 'share of right answers among those decided in this loop; empty where there are none',
    },
  },
  run: async (context) => {
    const of = await readouts(context);
    const from = fold(key(context.seed), 'agreement');
    const pairs = of.loops.flatMap((i, a) => of.loops.slice(a).map((j, b) => ({ i, j, a, b: a + b })));
    const decided = decidedAt(of);
    const right = correct(of, of.loops.indexOf(of.trained));
    const everyTrained = of.loops.filter((loop) => loop <= of.trained);
    return {
      tables: {
        agreement: pairs.map(({ i, j, a, b }): Row => {
          const same = Float64Array.from(of.answer[a] ?? [], (x, n) => (x === of.answer[b]?.[n] ? 1 : 0));
          const { n, value, lo, hi } = clusteredMean(same, of, { key: from });
          return { i, j, tokens: n, same: same.reduce((s, x) => s + x, 0), share: value, lo: cell(lo), hi: cell(hi) };
        }),
        decided: everyTrained.map((loop): Row => {
          const by = Float64Array.from(decided, (d) => (d <= loop ? 1 : 0));
          const now = Float64Array.from(decided, (d) => (d === loop ? 1 : 0));
          const { value, lo, hi } = clusteredMean(by, of, { key: from });
          return {
            loop,
            share: value,
            lo: cell(lo),
            hi: cell(hi),
            newly: weightedMean(now, of.weight),
            accuracyOfNewly: cell(weightedMean(right, of.weight, (n) => now[n] === 1)),
          };
        }),
      },
      notes: [
        'A[i][j] is the faithfulness matrix of arXiv 2510.25741, section 7.2: where early loops already agree with the last, later ones only restate a decision.',
        `Loops beyond ${of.trained} extrapolate.`,
      ],
    };
  },
});
