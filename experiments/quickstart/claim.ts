// What the quickstart claims, checked against the summary of its runs.
import type { Claim } from '@looplab/cli';
import type { StudySummary } from '@looplab/train';

/** The gap in held-out accuracy that the quickstart promises. */
const gapWanted = 0.15;

/** "The same size": LoopLM's gate is the only difference there is. */
const sizeDifferenceAllowed = 0.01;

/** The quickstart's claim with its numbers, means over seeds. */
export interface QuickstartClaim extends Claim {
  readonly looped: number;
  readonly plain: number;
  /** `looped - plain`. */
  readonly gap: number;
  readonly gapWanted: number;
  /** Whether the looped models' accuracy is higher after every further loop. */
  readonly risesWithEveryLoop: boolean;
  /** The larger model's parameters over the smaller one's, minus 1. */
  readonly sizeDifference: number;
  /** Accuracy of guessing. */
  readonly chance: number;
  /** Seeds of each model. */
  readonly seeds: number;
}

/**
 * A looped model beats a plain one of the same size, and gets better with every loop.
 * @param summary finished runs of looped and plain models, of the same seeds
 */
export function quickstartClaim({ runs, chance }: Pick<StudySummary, 'runs' | 'chance'>): QuickstartClaim {
  const looped = runs.filter((r) => r.loops > 1);
  const plain = runs.filter((r) => r.loops === 1);
  const perLoop = meanOfLists(looped.map((r) => r.accuracyPerLoop ?? []));
  const risesWithEveryLoop = perLoop.length > 1 && perLoop.every((a, t) => t === 0 || a > (perLoop[t - 1] ?? 1));
  const sizes = [plain, looped].map((group) => mean(group.map((r) => r.params ?? Number.NaN)));
  const sizeDifference = Math.max(...sizes) / Math.min(...sizes) - 1;
  const accuracy = { looped: mean(looped.map(accuracyOf)), plain: mean(plain.map(accuracyOf)) };
  const gap = accuracy.looped - accuracy.plain;
  return {
    statement:
      `at equal size, applying one layer ${looped[0]?.loops ?? 4} times beats applying it once by at least ${gapWanted} in ` +
      'held-out accuracy, and accuracy rises with every loop',
    holds: gap >= gapWanted && risesWithEveryLoop && sizeDifference <= sizeDifferenceAllowed,
    outcome: `${accuracy.looped.toFixed(3)} against ${accuracy.plain.toFixed(3)}, a gap of ${gap.toFixed(3)}`,
    ...accuracy,
    gap,
    gapWanted,
    risesWithEveryLoop,
    sizeDifference,
    chance,
    seeds: Math.min(looped.length, plain.length),
  };
}

function accuracyOf(run: StudySummary['runs'][number]): number {
  return run.accuracy ?? Number.NaN;
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function meanOfLists(lists: readonly (readonly number[])[]): number[] {
  const length = Math.min(...lists.map((list) => list.length));
  return Number.isFinite(length)
    ? Array.from({ length }, (_, i) => mean(lists.map((list) => list[i] ?? Number.NaN)))
    : [];
}
