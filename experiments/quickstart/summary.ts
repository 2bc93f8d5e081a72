// What the quickstart claims, worked out from its run folders.
import type { Run } from '@looplab/figures';

/** One run of the summary. */
export interface RunSummary {
  readonly strategy: string;
  readonly layers: number;
  readonly loops: number;
  readonly params: number;
  readonly seed: number;
  /** Held-out accuracy at the depth the model was trained for. */
  readonly accuracy: number;
  /** Held-out accuracy when read after loop 1, 2, ... */
  readonly accuracyPerLoop: readonly number[];
  /** Mean probability of leaving after each loop; empty without a gate. */
  readonly exitDistribution: readonly number[];
  readonly seconds: number;
}

/** A looped model beats a plain one of the same size. */
export interface Claim {
  readonly statement: string;
  /** Mean held-out accuracy over seeds. */
  readonly looped: number;
  readonly plain: number;
  /** `looped - plain`. */
  readonly gap: number;
  readonly gapWanted: number;
  /** Whether the looped models' mean accuracy is higher after every further loop. */
  readonly risesWithEveryLoop: boolean;
  /** The larger model's parameters over the smaller one's, minus 1. */
  readonly sizeDifference: number;
  readonly chance: number;
  readonly seeds: number;
  readonly holds: boolean;
}

export interface Summary {
  readonly runs: readonly RunSummary[];
  readonly claim: Claim;
}

/** The gap in accuracy that the quickstart promises. */
const gapWanted = 0.15;

/** "The same size": the gate of LoopLM is the only difference allowed. */
const sizeDifferenceAllowed = 0.01;

/**
 * @param runs finished runs of looped and plain models, of the same seeds
 * @param chance accuracy of guessing
 * @throws if there are no runs of either kind
 */
export function summarise(runs: readonly Run[], chance: number): Summary {
  const summaries = runs.map(summaryOf);
  const looped = summaries.filter((r) => r.loops > 1);
  const plain = summaries.filter((r) => r.loops === 1);
  if (looped.length === 0 || plain.length === 0) throw new Error('the quickstart needs runs with loops and runs without');
  const perLoop = meanOfLists(looped.map((r) => r.accuracyPerLoop));
  const risesWithEveryLoop = perLoop.every((a, t) => t === 0 || a > (perLoop[t - 1] ?? 1));
  const [small, large] = [mean(plain.map((r) => r.params)), mean(looped.map((r) => r.params))].sort((a, b) => a - b);
  const sizeDifference = (large ?? Number.NaN) / (small ?? Number.NaN) - 1;
  const claim = {
    looped: mean(looped.map((r) => r.accuracy)),
    plain: mean(plain.map((r) => r.accuracy)),
  };
  const gap = claim.looped - claim.plain;
  return {
    runs: summaries,
    claim: {
      statement: `at equal size, looping one layer beats applying it once by at least ${gapWanted} in accuracy`,
      ...claim,
      gap,
      gapWanted,
      risesWithEveryLoop,
      sizeDifference,
      chance,
      seeds: Math.min(looped.length, plain.length),
      holds: gap >= gapWanted && risesWithEveryLoop && sizeDifference <= sizeDifferenceAllowed,
    },
  };
}

function summaryOf(run: Run): RunSummary {
  const last = run.evals.at(-1);
  if (!last) throw new Error(`${run.dir} has no evaluation`);
  const { strategy, loops, seed, layers = Number.NaN, params = Number.NaN, seconds = Number.NaN } = run;
  const { accuracy, accuracyPerLoop, exitDistribution } = last;
  return { strategy, layers, loops, params, seed, accuracy, accuracyPerLoop, exitDistribution, seconds };
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function meanOfLists(lists: readonly (readonly number[])[]): number[] {
  const length = Math.min(...lists.map((list) => list.length));
  return Array.from({ length }, (_, i) => mean(lists.map((list) => list[i] ?? Number.NaN)));
}
