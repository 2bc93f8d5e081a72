// Geometry of the states: principal components over loops, convergence to a fixed point, entropy, and the logit lens.
import { fold, key } from '@looplab/core';
import { type Analysis, defineAnalysis } from '../analysis.ts';
import { rowsOf } from '../context.ts';
import { deepest } from '../forward.ts';
import { type Instance, instances } from '../instances.ts';
import { features } from '../linear/features.ts';
import { principalComponents, project } from '../linear/pca.ts';
import { readouts } from '../readouts.ts';
import { answerSite, siteStates } from '../sites.ts';
import { clusteredMean } from '../statistics/clustered.ts';
import type { Estimate } from '../statistics/interval.ts';
import { cell, type Row } from '../table.ts';
import { lensColumns, logitLens } from './logitLens.ts';
import { movement } from './stateGeometry.ts';

const COMPONENTS = 3;
/** Instances drawn as single paths. */
const PATHS = 64;
/** Rows of the logit lens. */
const LENS_ROWS = 4;

const interval = 'lower end of the 95% bootstrap interval over rows';

export const geometry: Analysis = defineAnalysis({
  id: 'geometry',
  title: 'How states move over the loops, and what they would say',
  needs: ['loops'],
  tables: {
    variance: {
      component: 'principal component of the states at the answer, all loops and instances together, from 1',
      share: 'share of the variance along it, 0 to 1',
    },
    paths: {
      instance: `held-out row (at most ${PATHS} of them)`,
      loop: '0 = before the first loop, to twice the trained depth',
      answer: 'the right answer, spelled out',
      pc1: 'coordinate along the first component',
      pc2: 'second',
      pc3: 'third',
    },
    meanPath: {
      loop: '0 = before the first loop, to twice the trained depth',
      pc1: 'mean coordinate along the first component',
      pc2: 'second',
      pc3: 'third',
    },
    movement: {
      loop: '0 = before the first loop, to twice the trained depth',
      trained: 'whether the model was trained that deep',
      quantity:
        '`norm` of the state; `step`: length of the change in this loop; `relative step`: step over the norm before; `cosine` between the states before and after; `to end`: distance to the state after the deepest loop (the fixed point, where there is one); `entropy` of the prediction in nats',
      value: 'mean over instances',
      lo: interval,
      hi: 'upper end',
    },
    lens: lensColumns,
  },
  run: async (context) => {
    const { task, model } = context;
    const from = fold(key(context.seed), 'geometry');
    const problems = task.chain ? instances(context) : lastTokens(context);
    const states = await siteStates(context, problems, [answerSite], { loops: deepest(context) });
    const n = problems.length;
    const all = new Float64Array((states.loops + 1) * n * states.width);
    for (let loop = 0; loop <= states.loops; loop++) all.set(states.vectors(loop, 0), loop * n * states.width);
    const components = principalComponents(features(all, (states.loops + 1) * n), COMPONENTS);
    const at = (loop: number, i: number): number[] =>
      project(components, states.vectors(loop, 0).subarray(i * states.width, (i + 1) * states.width));
    const everyLoop = Array.from({ length: states.loops + 1 }, (_, loop) => loop);
    const pcs = (x: readonly number[]): Row => ({ pc1: x[0] ?? null, pc2: x[1] ?? null, pc3: x[2] ?? null });
    const mean = everyLoop.map((loop) => {
      const points = problems.map((_, i) => at(loop, i));
      return components.directions.map((_, c) => points.reduce((sum, x) => sum + (x[c] ?? 0) / n, 0));
    });

    const rowsOfInstances = { row: problems.map((x) => x.row), weight: problems.map(() => 1) };
    const over = (values: Float64Array): Estimate | undefined =>
      values.every(Number.isFinite) ? clusteredMean(values, rowsOfInstances, { key: from }) : undefined;
    const said = await readouts(context);
    const quantities = movement(states, 0).flatMap((m) => {
      const t = said.loops.indexOf(m.loop);
      const entropy = said.entropy[t];
      return [
        ['norm', over(m.norm)],
        ['step', over(m.step)],
        ['relative step', over(m.relativeStep)],
        ['cosine', over(m.cosine)],
        ['to end', over(m.toEnd)],
        ['entropy', entropy && clusteredMean(entropy, said, { key: from })],
      ].map(([quantity, e]) => ({ loop: m.loop, quantity, e }) as { loop: number; quantity: string; e?: Estimate });
    });
    return {
      tables: {
        variance: components.variance.map((v, c) => ({ component: c + 1, share: cell(v / components.total) })),
        paths: problems
          .slice(0, PATHS)
          .flatMap((x, i) =>
            everyLoop.map((loop) => ({ instance: x.row, loop, answer: task.decode([x.answer]), ...pcs(at(loop, i)) })),
          ),
        meanPath: everyLoop.map((loop) => ({ loop, ...pcs(mean[loop] ?? []) })),
        movement: quantities.flatMap(({ loop, quantity, e }) =>
          e ? [{ loop, trained: loop <= model.loops, quantity, value: e.value, lo: cell(e.lo), hi: cell(e.hi) }] : [],
        ),
        lens: await logitLens(context, Math.min(LENS_ROWS, rowsOf(context))),
      },
      notes: [
        `States are those at the ${task.chain ? 'answer' : 'last scored token'} of ${n} instances; entropy is over all scored tokens.`,
        ...(states.loops > model.loops ? [`Loops beyond ${model.loops} extrapolate.`] : []),
      ],
    };
  },
});

/** The last scored token of each row, for tasks without problems. */
function lastTokens(context: Parameters<typeof instances>[0]): Instance[] {
  const batch = context.task.validation(0, rowsOf(context));
  const { seq } = batch;
  return Array.from({ length: batch.batch }, (_, row) => row).flatMap((row) => {
    const weights = batch.weights.subarray(row * seq, (row + 1) * seq);
    const answerAt = weights.findLastIndex((w) => w > 0);
    if (answerAt < 0) return [];
    const ids = batch.ids.slice(row * seq, (row + 1) * seq);
    const answer = batch.targets[row * seq + answerAt] ?? 0;
    return [{ row, problem: 0, ids, answerAt, answer, answers: [answer], chain: [] }];
  });
}
