// The interchange analysis: at which place and loop each chain step's latent carries the answer.
import { fold, KvPolicyError, key } from '@looplab/core';
import { type Analysis, defineAnalysis, skip } from '../analysis.ts';
import { type AnalysisContext, batchOf } from '../context.ts';
import { type Instance, instances } from '../instances.ts';
import { stepsToProbe } from '../probes/heatMap.ts';
import { readouts, tokenAt } from '../readouts.ts';
import { longestChain } from '../sites.ts';
import { proportion } from '../statistics/interval.ts';
import { cell, type Row } from '../table.ts';
import { edits } from './edits.ts';
import { interchange, type Patch, type Patched } from './interchange.ts';

/** Fewer pairs say nothing. */
const LEAST = 10;

export const causal: Analysis = defineAnalysis({
  id: 'interchange',
  title: "Whether the answer follows when a chain step's latent is taken from another problem",
  needs: ['loops', 'chain', 'readouts'],
  tables: {
    interchange: {
      step: 'chain step whose place is patched, from 1; empty for the place of the answer',
      site: '`step` (the place at which everything for the step has been read) or `answer`',
      loop: 'after which loop the state is replaced; 0 = before the first',
      pairs: 'pairs of problems that the model answers right both, differing in one symbol that the step depends on',
      follows: 'share whose answer becomes that of the twin',
      lo: "lower end of Wilson's 95% interval",
      hi: 'upper end',
      stays: "share whose answer stays the problem's own",
      other: 'share with a third answer',
    },
  },
  run: async (context) => {
    const { task, progress } = context;
    const problems = instances(context);
    const until = await longestMastered(context, problems);
    const pairs = edits(task, problems, fold(key(context.seed), 'interchange'), until === undefined ? {} : { until });
    if (pairs.length < LEAST)
      return skip(
        `does not apply: of ${problems.length} problems of task ${task.name} only ${pairs.length} can be changed in one symbol such that the chain keeps its shape and the answer differs`,
      );
    const steps = stepsToProbe(until ?? longestChain(problems));
    const placed = (s: number): Patch[] =>
      pairs.flatMap((edit) => {
        const place = edit.base.chain[s - 1]?.position;
        return place !== undefined && edit.steps.includes(s) ? [{ edit, place }] : [];
      });
    const sites: { step: number | null; site: string; patches: Patch[] }[] = [
      ...steps.map((step) => ({ step, site: 'step', patches: placed(step) })),
      { step: null, site: 'answer', patches: pairs.map((edit) => ({ edit, place: edit.base.answerAt })) },
    ];
    const rows: Row[] = [];
    const few: string[] = [];
    const { run, release } = interchange(context, Math.min(batchOf(context), pairs.length));
    const answered: { step: number | null; site: string; patches: Patch[]; said: Patched }[] = [];
    try {
      for (const at of sites) {
        progress(`interchanging ${at.site}${at.step === null ? '' : ` ${at.step}`} after each loop`);
        answered.push({ ...at, said: await run(at.patches) });
      }
    } catch (error) {
      if (error instanceof KvPolicyError) return skip(`does not apply: ${error.message}`);
      throw error;
    } finally {
      await release();
    }
    for (const { step, site, patches, said } of answered) {
      if (patches.length === 0) continue;
      const both = patches.flatMap(({ edit }, i) =>
        said.base[i] === edit.base.answer && said.twin[i] === edit.answer ? [i] : [],
      );
      if (both.length < LEAST) {
        few.push(`${site}${step === null ? '' : ` ${step}`}`);
        continue;
      }
      for (const [loop, patched] of said.patched.entries()) {
        const count = (f: (i: number) => boolean): number => both.filter(f).length;
        const follows = proportion(
          count((i) => patched[i] === said.twin[i]),
          both.length,
        );
        const stays = count((i) => patched[i] === said.base[i]) / both.length;
        rows.push({
          step,
          site,
          loop,
          pairs: both.length,
          follows: follows.value,
          lo: cell(follows.lo),
          hi: cell(follows.hi),
          stays,
          other: Math.max(0, 1 - follows.value - stays),
        });
      }
    }
    if (rows.length === 0)
      return skip(
        `does not apply: fewer than ${LEAST} of ${pairs.length} pairs of problems are both answered right; train longer or raise rows`,
      );
    return {
      tables: { interchange: rows },
      notes: [
        `${pairs.length} pairs differ in one symbol; whatever differs between them goes through the steps whose values differ.`,
        ...(until === undefined
          ? []
          : [
              `The answer is that after ${until} of ${longestChain(problems)} chain steps, the longest that the model gets right half of the time.`,
            ]),
        'A step whose latent is used is followed when it is patched between the loop that makes it and the loop that reads it.',
        ...(few.length > 0
          ? [
              `Left out, with fewer than ${LEAST} pairs both answered right: ${few.join(', ')}; train longer or raise rows.`,
            ]
          : []),
      ],
    };
  },
});

/**
 * Where the model answers fewer than half of the problems but the task also scores each step at its place (running
 * products): the largest number of steps that it does get right half of the time. Undefined where the whole problem
 * will do, or nothing shorter is asked.
 */
async function longestMastered(context: AnalysisContext, problems: readonly Instance[]): Promise<number | undefined> {
  const of = await readouts(context);
  const said = of.answer[of.loops.indexOf(of.trained)];
  const token = tokenAt(of, context.task.seq);
  const right = (x: Instance, position: number | undefined, value: number | undefined): boolean | undefined => {
    const i = position === undefined ? undefined : token(x.row, position);
    return i === undefined || of.target[i] !== value ? undefined : said?.[i] === value;
  };
  const half = (answers: readonly (boolean | undefined)[]): boolean =>
    2 * answers.filter((a) => a).length >= answers.length;
  if (half(problems.map((x) => right(x, x.answerAt, x.answer)))) return undefined;
  for (let steps = longestChain(problems) - 1; steps >= 2; steps--) {
    const answers = problems.map((x) => right(x, x.chain[steps - 1]?.position, x.chain[steps - 1]?.token));
    if (answers.every((a) => a !== undefined) && half(answers)) return steps;
  }
  return undefined;
}
