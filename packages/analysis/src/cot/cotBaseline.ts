// The chain-of-thought baseline: how faithful a written chain is to the answer, and what it costs against latent steps.
import { fold, key } from '@looplab/core';
import { type Analysis, defineAnalysis, skip } from '../analysis.ts';
import type { AnalysisContext } from '../context.ts';
import { type Instance, instances } from '../instances.ts';
import { features } from '../linear/features.ts';
import { foldsOf } from '../linear/folds.ts';
import { controlLabels, probe, probeSet } from '../linear/probe.ts';
import { readouts, tokenAt } from '../readouts.ts';
import { longestChain, type Site, siteStates } from '../sites.ts';
import { bootstrap } from '../statistics/bootstrap.ts';
import { proportion, tInterval } from '../statistics/interval.ts';
import { mean } from '../statistics/moments.ts';
import { cell, type Row, type Table } from '../table.ts';
import { isChainTask, type WriterContext, writerOf } from '../writer.ts';
import { type AnswerCost, answerFlops, atEqualAccuracy } from './cost.ts';
import { type Intervention, interventions, type Outcome, problemOf, sameAnswer } from './interventions.ts';
import { type Writing, writer } from './write.ts';

/** Problems that are tampered with at most: every step of each costs forward passes. */
const TAMPERED = 128;

const wilson = "lower end of Wilson's 95% interval";

export const cotBaseline: Analysis = defineAnalysis({
  id: 'cotBaseline',
  title: 'How faithful a written chain of thought is, and what it costs against latent steps',
  needs: ['chain'],
  tables: {
    written: {
      measure:
        '`finished`: the model came to an answer; `chain right`: every value it wrote is right; `answer right`; `answer repeats`: the answer is one symbol, the last value it wrote; `symbols`: mean number written for an answer',
      value: 'share of problems, or symbols',
      lo: `${wilson}, for symbols of Student's`,
      hi: 'upper end',
      problems: 'problems',
    },
    interventions: {
      intervention:
        '`early answer` (cut off after so many steps), `mistake` (the step after so many is wrong, the model goes on), `filler` (so many empty symbols instead), `dropped start` (the first so many left out)',
      steps: 'so many',
      problems: 'problems',
      same: 'share whose answer is the one without an intervention',
      sameLo: wilson,
      sameHi: 'upper end',
      accuracy: 'share of right answers',
      accuracyLo: wilson,
      accuracyHi: 'upper end',
    },
    faithfulness: {
      measure:
        'area over the curve of `same` for `early answer` and for `mistake`, over all steps: 0 = the answer does not depend on the chain, 1 = wholly',
      value: 'mean share of changed answers',
      lo: 'lower end of the 95% bootstrap interval over problems',
      hi: 'upper end',
      problems: 'problems',
    },
    probe: {
      step: 'values written so far; 0 = before the chain starts',
      loop: 'after which loop; 0 = before the first',
      accuracy: 'cross-validated accuracy of reading the answer off the state there, with the right chain given',
      lo: `${wilson}, over rows`,
      hi: 'upper end',
      majority: 'share of the commonest answer',
      selectivity: 'accuracy minus that on the control task; empty where that has one class',
      samples: 'problems',
    },
    cost: {
      way: '`latent` (answer at once after so many loops) or `written` (chain, then answer)',
      loops: 'loops of each symbol',
      tokens: 'symbols generated for an answer, the answer included',
      flops: 'counted FLOPs of one problem: prompt, and generated symbols with a cache',
      milliseconds: 'of one problem alone, as measured and given in the context; empty if not',
      accuracy: 'share of right answers',
      lo: wilson,
      hi: 'upper end',
    },
    equalAccuracy: {
      loops: 'fewest FLOPs among the latent answers that are not measurably worse than the written ones: their loops',
      latentAccuracy: 'accuracy there',
      writtenAccuracy: 'accuracy of the written answers',
      tokensSaved: 'symbols saved for an answer',
      flopsRatio: 'written FLOPs over latent',
      millisecondsRatio: 'written over latent; empty if not given',
    },
  },
  run: async (context) => {
    const subject: WriterContext | undefined = isChainTask(context.task)
      ? { ...context, task: context.task }
      : writerOf(context);
    if (!subject)
      return skip(
        'does not apply: it needs a run that writes its chain (trained on withChain), itself or as context.writer',
      );
    const problems = instances(subject);
    const from = fold(key(context.seed), 'cotBaseline');
    const own = writer(subject);
    const said = await own.write(
      problems.map((x) => problemOf(subject, x)),
      subject.progress,
    );
    const outcomes = await interventions(subject, own, problems.slice(0, TAMPERED), said, fold(from, 'mistakes'));
    await own.release();
    const probed = await probeTable(subject, problems);
    const compare = isChainTask(context.task) ? undefined : await costs(context, subject, problems, said);
    return {
      tables: {
        written: writtenTable(problems, said),
        interventions: interventionTable(outcomes),
        faithfulness: faithfulnessTable(outcomes, from),
        probe: probed,
        ...(compare?.tables ?? {}),
      },
      notes: [
        `The model writes greedily; ${said.filter((w) => w.answer === undefined).length} of ${problems.length} problems came to no answer and are left out of the interventions.`,
        ...(probed.length === 0 ? ['All problems of the longest chain have one answer, which is not probed.'] : []),
        'Interventions keep what the model itself wrote; fillers repeat the symbol that opens the chain, which it has never seen repeated.',
        ...(compare?.notes ?? [
          'For the cost against latent steps, analyse a latent run with this one as context.writer.',
        ]),
      ],
    };
  },
});

function writtenTable(problems: readonly Instance[], said: readonly Writing[]): Table {
  const share = (measure: string, f: (w: Writing, x: Instance) => boolean): Row => {
    const hits = problems.filter((x, i) => f(said[i] ?? { chain: [], answer: undefined }, x)).length;
    const { value, lo, hi, n } = proportion(hits, problems.length);
    return { measure, value, lo: cell(lo), hi: cell(hi), problems: n };
  };
  const right = (w: Writing, x: Instance): boolean =>
    w.chain.length === x.chain.length && w.chain.every((v, s) => v === x.chain[s]?.token);
  const symbols = tInterval(said.map(symbolsOf));
  return [
    share('finished', (w) => w.answer !== undefined),
    share('chain right', right),
    share('answer right', (w, x) => sameAnswer(w.answer, x.answers)),
    share('answer repeats', (w) => w.answer?.length === 1 && w.answer[0] === w.chain.at(-1)),
    { measure: 'symbols', value: symbols.value, lo: cell(symbols.lo), hi: cell(symbols.hi), problems: problems.length },
  ];
}

/** Values, `<answer>` and the answer. */
function symbolsOf(w: Writing): number {
  return w.chain.length + 1 + (w.answer?.length ?? 1);
}

function interventionTable(outcomes: readonly Outcome[]): Table {
  const kinds: Intervention[] = ['early answer', 'mistake', 'filler', 'dropped start'];
  return kinds.flatMap((intervention) => {
    const of = outcomes.filter((o) => o.intervention === intervention);
    return [...new Set(of.map((o) => o.steps))]
      .sort((a, b) => a - b)
      .map((steps): Row => {
        const here = of.filter((o) => o.steps === steps);
        const same = proportion(here.filter((o) => sameAnswer(o.answer, o.before.answer)).length, here.length);
        const right = proportion(here.filter((o) => sameAnswer(o.answer, o.instance.answers)).length, here.length);
        return {
          intervention,
          steps,
          problems: here.length,
          same: same.value,
          sameLo: cell(same.lo),
          sameHi: cell(same.hi),
          accuracy: right.value,
          accuracyLo: cell(right.lo),
          accuracyHi: cell(right.hi),
        };
      });
  });
}

function faithfulnessTable(outcomes: readonly Outcome[], from: ReturnType<typeof key>): Table {
  return (['early answer', 'mistake'] as const).flatMap((measure) => {
    // Cutting after the last step changes nothing by design, so it is no evidence.
    const of = outcomes.filter((o) => o.intervention === measure && o.steps < o.before.chain.length);
    const byProblem = new Map<Instance, number[]>();
    for (const o of of)
      byProblem.set(o.instance, [...(byProblem.get(o.instance) ?? []), sameAnswer(o.answer, o.before.answer) ? 0 : 1]);
    if (byProblem.size === 0) return [];
    const { value, lo, hi, n } = bootstrap([...byProblem.values()], (sample) => mean(sample.map(mean)), { key: from });
    return [{ measure, value, lo: cell(lo), hi: cell(hi), problems: n }];
  });
}

/** Probes of the answer at the mark and at every written value but the last, which is the answer. */
async function probeTable(subject: WriterContext, problems: readonly Instance[]): Promise<Table> {
  const length = longestChain(problems);
  const kept = problems.filter((x) => x.chain.length === length);
  const mark = subject.task.chainMark;
  const sites = Array.from({ length }, (_, s): Site => ({ name: `${s}`, at: (x) => x.ids.indexOf(mark) + s }));
  const labels = kept.map((x) => x.answer);
  if (new Set(labels).size < 2) return [];
  const states = await siteStates(subject, kept, sites);
  const from = fold(key(subject.seed), 'cotBaseline/probe');
  const groups = kept.map((x) => x.row);
  const foldOf = foldsOf(groups, 5, from);
  const types = kept.map((x) => x.ids[x.chain.at(-1)?.position ?? 0] ?? 0);
  const control = controlLabels(types, labels, from);
  const kind = subject.probe ?? 'ridge';
  const rows: Row[] = [];
  for (let loop = 0; loop <= states.loops; loop++)
    for (const step of sites.keys()) {
      const set = probeSet(features(states.vectors(loop, step), kept.length), foldOf, { kind, groups });
      const { accuracy, majority } = probe(set, labels);
      const random = new Set(control).size < 2 ? Number.NaN : probe(set, control).accuracy.value;
      rows.push({
        step,
        loop,
        accuracy: accuracy.value,
        lo: accuracy.lo,
        hi: accuracy.hi,
        majority,
        selectivity: cell(accuracy.value - random),
        samples: accuracy.n,
      });
    }
  return rows;
}

/** Latent answers of `context` at every loop against the written ones. */
async function costs(
  context: AnalysisContext,
  subject: WriterContext,
  problems: readonly Instance[],
  said: readonly Writing[],
): Promise<{ tables: Record<string, Table>; notes: string[] }> {
  const { model, strategy, task, milliseconds } = context;
  const silent = instances(context);
  const of = await readouts(context);
  const token = tokenAt(of, task.seq);
  const prompt = Math.round(mean(silent.map((x) => x.answerAt + 1)));
  const symbols = task.answerLength ?? 1;
  const latent = of.loops.flatMap((loops, t): AnswerCost[] => {
    if (loops > of.trained) return [];
    // Greedy answers are right as a whole where each symbol is right after the right ones before it.
    const says = (x: Instance, i: number): number | undefined => of.answer[t]?.[token(x.row, x.answerAt + i) ?? -1];
    const hits = silent.filter((x) => x.answers.every((symbol, i) => says(x, i) === symbol)).length;
    return [
      {
        loops,
        tokens: symbols,
        flops: answerFlops(model, strategy, { prompt, tokens: symbols, loops }),
        milliseconds: milliseconds?.latent?.[loops - 1] ?? Number.NaN,
        accuracy: proportion(hits, silent.length),
      },
    ];
  });
  const hits = problems.filter((x, i) => sameAnswer(said[i]?.answer, x.answers)).length;
  const tokens = mean(said.map(symbolsOf));
  const loops = subject.model.loops;
  const start = Math.round(mean(problems.map((x) => problemOf(subject, x).length)));
  const written: AnswerCost = {
    loops,
    tokens,
    flops: answerFlops(subject.model, subject.strategy, { prompt: start, tokens: Math.round(tokens), loops }),
    milliseconds: milliseconds?.written ?? Number.NaN,
    accuracy: proportion(hits, problems.length),
  };
  const equal = atEqualAccuracy(latent, written);
  const row = (way: string, c: AnswerCost): Row => ({
    way,
    loops: c.loops,
    tokens: c.tokens,
    flops: c.flops,
    milliseconds: cell(c.milliseconds),
    accuracy: c.accuracy.value,
    lo: cell(c.accuracy.lo),
    hi: cell(c.accuracy.hi),
  });
  return {
    tables: {
      cost: [...latent.map((c) => row('latent', c)), row('written', written)],
      equalAccuracy: equal
        ? [
            {
              loops: equal.latent.loops,
              latentAccuracy: equal.latent.accuracy.value,
              writtenAccuracy: written.accuracy.value,
              tokensSaved: equal.tokensSaved,
              flopsRatio: equal.flopsRatio,
              millisecondsRatio: cell(equal.millisecondsRatio),
            },
          ]
        : [],
    },
    notes: [
      ...(equal
        ? []
        : ['No number of loops reaches the accuracy of the written answers, so there is no cost at equal accuracy.']),
      ...(milliseconds ? [] : ['Milliseconds are measured elsewhere and were not given.']),
    ],
  };
}
