// The probes of a chain of intermediate values after each loop, which several analyses are tables of.
import { type AnalysisContext, remembered } from '../context.ts';
import { type Instance, instances } from '../instances.ts';
import { readouts, tokenAt } from '../readouts.ts';
import { answerSite, longestChain, type SiteStates, siteStates, stepSite } from '../sites.ts';
import { chainTargets, type HeatMapCell, heatMap, type ProbeTarget, stepsToProbe } from './heatMap.ts';

interface ChainProbes {
  /** Every instance there is; `states` has those with a chain of full length. */
  readonly all: readonly Instance[];
  /** Chain steps that were probed, from 1. */
  readonly steps: readonly number[];
  /** At the places of those steps and at the answer's, in that order. */
  readonly states: SiteStates;
  /** The value of each step, the answer, and the model's own answer. */
  readonly targets: readonly ProbeTarget[];
  readonly cells: readonly HeatMapCell[];
}

/**
 * The heat map over loops, computed once for all analyses of the same model and rows.
 * @throws AnalysisError with too few rows for the folds
 */
export const chainProbes: (context: AnalysisContext) => Promise<ChainProbes> = remembered(async (context) => {
  const all = instances(context);
  const length = longestChain(all);
  const kept = all.filter((x) => x.chain.length === length);
  const steps = stepsToProbe(length);
  const states = await siteStates(context, kept, [...steps.map(stepSite), answerSite]);
  const said = await readouts(context);
  const last = said.answer[said.loops.indexOf(said.trained)];
  const token = tokenAt(said, context.task.seq);
  const fixed = chainTargets(states, steps);
  const own: ProbeTarget = {
    ...(fixed.at(-1) as ProbeTarget), // the answer is always there
    name: 'model answer',
    labels: Int32Array.from(kept, (x) => last?.[token(x.row, x.answerAt) ?? 0] ?? 0),
  };
  const targets = [...fixed, own];
  return { all, steps, states, targets, cells: heatMap(states, targets, context) };
});
