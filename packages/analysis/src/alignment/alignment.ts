// The alignment analysis: from which loop on each chain step can be read off, whether in order, and how like a writer.
import { fold, key } from '@looplab/core';
import { type Analysis, type AnalysisResult, defineAnalysis } from '../analysis.ts';
import type { AnalysisContext } from '../context.ts';
import { type Instance, instances } from '../instances.ts';
import { cka, type Gram, gram } from '../linear/cka.ts';
import { features } from '../linear/features.ts';
import { chainProbes } from '../probes/chainProbes.ts';
import { constant } from '../probes/heatMap.ts';
import { longestChain, type Site, siteStates } from '../sites.ts';
import { cell, type Row } from '../table.ts';
import { writerOf } from '../writer.ts';
import { alignmentScores, arrivals, type Decodability, firstLoops } from './score.ts';

/** Instances that CKA compares, which costs the square of it. */
const CKA_INSTANCES = 256;

export const alignment: Analysis = defineAnalysis({
  id: 'alignment',
  title: 'Whether the loops work the chain of thought out step by step',
  needs: ['loops', 'chain'],
  tables: {
    decodability: {
      step: 'chain step, from 1',
      loop: 'after which loop; 0 = before the first',
      site: 'the place where it is read off best: that of a step at or after it, or of the answer',
      accuracy: 'cross-validated accuracy of a linear probe there',
      normalised:
        '(accuracy - majority) / (1 - majority): 1 = perfectly; 0 where the interval of the accuracy reaches the majority',
      arrival: 'share of what can be read off at best that arrives with this loop',
    },
    steps: {
      step: 'chain step, from 1',
      firstLoop: 'first loop after which it is read off at 80% of its best; empty if never',
      best: 'highest normalised accuracy',
    },
    score: {
      measure:
        "`spearman`, `kendall`: rank correlation of step and first loop; `schedule`: share of the steps' arrivals that a monotone schedule of loops catches (1 - cost of a monotone warping)",
      value: 'the score; empty where all steps arrive at once',
      nullMean: 'its mean when the steps come in random order',
      nullLo: '2.5% quantile of that',
      nullHi: '97.5% quantile',
      p: 'share of orders with at least this score',
      orders: 'orders tried',
    },
    ckaLoops: {
      i: 'a loop, 0 = before the first',
      j: 'another, not before it',
      cka: 'debiased linear CKA of the states at the answer',
      instances: 'instances compared',
    },
    ckaWriter: {
      loop: 'loop of this model, 0 = before the first',
      site: 'its place',
      step: 'chain step that the other model is about to write, in its last state; 0 = about to begin the chain',
      cka: 'debiased linear CKA',
      instances: 'instances compared',
    },
  },
  run: async (context) => {
    const { steps, states, targets, cells } = await chainProbes(context);
    const { instances: kept, sites } = states;
    const length = longestChain(kept);
    const read = steps.filter((_, s) => targets[s] && !constant(targets[s]));
    const bestAt = (s: number, loop: number) =>
      cells
        .filter((c) => c.target === `value ${s}` && c.loop === loop)
        .reduce((a, b) => (b.accuracy.value > a.accuracy.value ? b : a));
    const loops = Array.from({ length: states.loops + 1 }, (_, loop) => loop);
    const best = read.map((s) => loops.map((loop) => bestAt(s, loop)));
    const d: Decodability = best.map((row) =>
      row.map((c) => (c.accuracy.lo > c.majority ? (c.accuracy.value - c.majority) / (1 - c.majority) : 0)),
    );
    const arrival = arrivals(d);
    const first = firstLoops(d);
    const notes = [
      ...(read.length < steps.length
        ? [`Steps ${steps.filter((s) => !read.includes(s)).join(', ')} have one value only and were left out.`]
        : []),
      ...(steps.length < length ? [`Of ${length} chain steps, ${steps.join(', ')} were probed.`] : []),
      'Decodable is not used: see interchange for what the model computes with.',
    ];
    const score: Row[] = [];
    if (read.length < 3) notes.push(`With ${read.length} chain steps there is no order to score; it takes three.`);
    else
      for (const s of alignmentScores(d, fold(key(context.seed), 'alignment')))
        score.push({
          measure: s.measure,
          value: cell(s.value),
          nullMean: cell(s.null.mean),
          nullLo: cell(s.null.lo),
          nullHi: cell(s.null.hi),
          p: cell(s.null.p),
          orders: s.null.orders,
        });
    if (score.some((r) => r.value === null))
      notes.push('All steps can be read off from the same loop on, so there is no order.');
    const compared = kept.slice(0, CKA_INSTANCES);
    const own: Gram[][] = loops.map((loop) =>
      sites.map((_, s) =>
        gram(features(states.vectors(loop, s).slice(0, compared.length * states.width), compared.length)),
      ),
    );
    const answer = sites.length - 1;
    const ckaLoops = loops.flatMap((i) =>
      loops.slice(i).map((j): Row => {
        const [a, b] = [own[i]?.[answer], own[j]?.[answer]];
        return { i, j, cka: a && b ? cell(cka(a, b)) : null, instances: compared.length };
      }),
    );
    const written = await writerTable(context, compared, own, sites, steps);
    return {
      tables: {
        decodability: read.flatMap((step, s) =>
          loops.map((loop): Row => {
            const c = best[s]?.[loop];
            return {
              step,
              loop,
              site: c?.site ?? null,
              accuracy: c?.accuracy.value ?? null,
              normalised: d[s]?.[loop] ?? null,
              arrival: arrival[s]?.[loop] ?? null,
            };
          }),
        ),
        steps: read.map((step, s): Row => {
          const loop = first[s] ?? loops.length;
          return { step, firstLoop: loop < loops.length ? loop : null, best: Math.max(...(d[s] ?? [])) };
        }),
        score,
        ckaLoops,
        ...written.tables,
      },
      notes: [...notes, ...written.notes],
    };
  },
});

/** CKA with the last states of the model that writes, at the places where it is about to write each step. */
async function writerTable(
  context: AnalysisContext,
  compared: readonly Instance[],
  own: readonly (readonly Gram[])[],
  sites: readonly Site[],
  steps: readonly number[],
): Promise<AnalysisResult> {
  const writer = writerOf(context);
  if (!writer)
    return { tables: {}, notes: ['For CKA with a model that writes its chain, pass one as context.writer.'] };
  const theirs = new Map(instances(writer).map((x) => [x.row, x]));
  const pairs = compared.map((x) => theirs.get(x.row));
  const common = pairs.filter((x) => x !== undefined);
  if (common.length < compared.length)
    return { tables: {}, notes: ['The writing model lacks some of the problems, so CKA with it was left out.'] };
  const mark = writer.task.chainMark;
  // At the mark and at each written value but the last, the next value is about to be written; 0 is one before the
  // mark.
  const written: Site[] = [0, ...steps].map((s) => ({ name: `${s}`, at: (x) => x.ids.indexOf(mark) + s - 1 }));
  const states = await siteStates(writer, common, written);
  const last = written.map((_, s) => gram(features(states.vectors(states.loops, s), common.length)));
  return {
    tables: {
      ckaWriter: own.flatMap((row, loop) =>
        row.flatMap((a, s) =>
          last.map(
            (b, w): Row => ({
              loop,
              site: sites[s]?.name ?? null,
              step: Number(written[w]?.name),
              cka: cell(cka(a, b)),
              instances: common.length,
            }),
          ),
        ),
      ),
    },
    notes: [],
  };
}
