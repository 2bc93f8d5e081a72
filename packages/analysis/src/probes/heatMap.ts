// Probes of every value at every place after every loop: what is where, and from when on.
import { fold, key } from '@looplab/core';
import { AnalysisError } from '../analysisError.ts';
import type { AnalysisContext } from '../context.ts';
import { features } from '../linear/features.ts';
import { foldsOf } from '../linear/folds.ts';
import { controlLabels, type ProbeResult, probe, probeSet } from '../linear/probe.ts';
import { longestChain, type Place, type SiteStates } from '../sites.ts';

/** What is read off the states. */
export interface ProbeTarget {
  readonly name: string;
  /** One label an instance. */
  readonly labels: Int32Array;
  /** For the control task: one type an instance, the symbol that was read where the value became known. */
  readonly types: Int32Array;
  /** Sites before this one cannot know the value in a causal model and are left out. */
  readonly fromSite: number;
}

export interface HeatMapCell extends ProbeResult {
  readonly target: string;
  readonly site: string;
  readonly siteIndex: number;
  readonly loop: number;
  readonly layer?: number;
  /** Accuracy on the control task; NaN where that has one class only. */
  readonly control: number;
}

/**
 * Steps to probe: all of a short chain, else `most` of them, evenly spread, the first and the last included. Numbers
 * from 1.
 */
export function stepsToProbe(steps: number, most = 8): number[] {
  if (steps <= most) return Array.from({ length: steps }, (_, s) => s + 1);
  return Array.from({ length: most }, (_, i) => 1 + Math.round((i * (steps - 1)) / (most - 1)));
}

/**
 * The answer and the value of each given chain step, for states whose sites are those steps and the answer's place, in
 * that order.
 * @throws AnalysisError where an instance lacks one of the steps
 */
export function chainTargets(states: SiteStates, steps: readonly number[]): ProbeTarget[] {
  const { instances } = states;
  const short = instances.find((x) => x.chain.length < Math.max(0, ...steps));
  if (short)
    throw new AnalysisError(
      `row ${short.row} has ${short.chain.length} chain steps, others ${longestChain(instances)}; keep the instances of one length`,
    );
  const at = (s: number): Pick<ProbeTarget, 'labels' | 'types'> => ({
    labels: Int32Array.from(instances, (x) => x.chain[s - 1]?.token ?? 0),
    types: Int32Array.from(instances, (x) => x.ids[x.chain[s - 1]?.position ?? 0] ?? 0),
  });
  return [
    ...steps.map((s, site) => ({ name: `value ${s}`, ...at(s), fromSite: site })),
    {
      name: 'answer',
      labels: Int32Array.from(instances, (x) => x.answer),
      types: Int32Array.from(instances, (x) => x.ids[x.chain.at(-1)?.position ?? 0] ?? 0),
      fromSite: 0,
    },
  ];
}

/**
 * Cross-validated probes of every target at every site after every loop, or of `places`. Targets with one class only are left out (see
 * `constant`).
 * @throws AnalysisError with too few rows for the folds
 */
export function heatMap(
  states: SiteStates,
  targets: readonly ProbeTarget[],
  options: Pick<AnalysisContext, 'seed' | 'probe'> & {
    readonly folds?: number;
    readonly places?: readonly Place[];
    progress?: AnalysisContext['progress'];
  },
): HeatMapCell[] {
  const { seed, probe: kind = 'ridge', folds = 5, places = states.afterLoops, progress } = options;
  const { instances, sites } = states;
  const from = fold(key(seed), 'probes');
  const groups = instances.map((x) => x.row);
  const foldOf = foldsOf(groups, folds, fold(from, 'folds'));
  const used = targets.filter((t) => !constant(t));
  const control = used.map((t) => controlLabels(t.types, t.labels, fold(from, t.name)));
  const cells: HeatMapCell[] = [];
  for (const { loop, layer, vectors } of places) {
    progress?.(
      `probing the states after loop ${loop}${layer === undefined ? '' : `, layer ${layer}`} of ${states.loops}`,
    );
    for (const [siteIndex, site] of sites.entries()) {
      const set = probeSet(features(vectors(siteIndex), instances.length), foldOf, { kind, groups });
      for (const [i, target] of used.entries()) {
        if (siteIndex < target.fromSite) continue;
        const random = control[i] ?? target.labels;
        cells.push({
          target: target.name,
          site: site.name,
          siteIndex,
          loop,
          ...(layer === undefined ? {} : { layer }),
          ...probe(set, target.labels),
          control: new Set(random).size < 2 ? Number.NaN : probe(set, random).accuracy.value,
        });
      }
    }
  }
  return cells;
}

/** Whether a target is the same for every instance, so that there is nothing to read. */
export function constant(target: ProbeTarget): boolean {
  return new Set(target.labels).size < 2;
}
