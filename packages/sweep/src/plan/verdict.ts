// What a run's folder says about what a sweep wanted of it: a pure reading, so that any driver comes to the same result.
import { type EvalRecord, readEvaluations, readStatus, type StatusRecord } from '@looplab/train';
import type { Suggestion } from '../search/search.ts';
import { type MetricName, scoreOf } from './metric.ts';

/** How far a run is wanted. */
export type Want = Pick<Suggestion, 'until' | 'limits'>;

/** What came of a run that needs no more work. */
export interface Verdict {
  readonly status: 'finished' | 'pruned' | 'diverged' | 'failed';
  /** Lower is better; null if there is none. */
  readonly score: number | null;
  readonly curve: readonly (readonly [step: number, score: number])[];
}

/** The verdict on the run in `dir`; undefined if there is something to do. A failure of the machine is no verdict. */
export function verdictOn(dir: string, want: Want, metric: MetricName): Verdict | undefined {
  const status = readStatus(dir);
  if (status === undefined) return undefined;
  const isOver = status.status === 'finished' || status.status === 'diverged' || hasFailed(status);
  if (!isOver && want.until === undefined && want.limits === undefined) return undefined;
  const curve = curveOf(readEvaluations(dir), metric);
  const stop = stopStep(curve, want);
  if (stop !== undefined) return reached('pruned', curve, stop);
  if (status.status === 'finished') return reached('finished', curve, Number.POSITIVE_INFINITY);
  if (status.status === 'diverged') return { status: 'diverged', score: null, curve };
  return hasFailed(status) ? { status: 'failed', score: null, curve } : undefined;
}

/** Failures that would only happen again. */
function hasFailed(status: StatusRecord): boolean {
  return status.status === 'failed' && status.cause !== 'infra';
}

/** The score at each evaluation, in order. */
export function curveOf(evaluations: readonly EvalRecord[], metric: MetricName): (readonly [number, number])[] {
  return evaluations.flatMap((record) => {
    const score = scoreOf(record, metric);
    return score === undefined || !Number.isFinite(score) ? [] : [[record.step, score] as const];
  });
}

/** The step at which a run has done what is wanted, or is not worth going on. */
export function stopStep(
  curve: readonly (readonly [step: number, score: number])[],
  { until, limits = [] }: Want,
): number | undefined {
  let best = Number.POSITIVE_INFINITY;
  for (const [step, score] of curve) {
    best = Math.min(best, score);
    if (limits.some(([at, limit]) => at === step && best > limit)) return step;
    if (until !== undefined && step >= until) return step;
  }
  return undefined;
}

function reached(status: 'finished' | 'pruned', curve: Verdict['curve'], step: number): Verdict {
  const upTo = curve.filter(([s]) => s <= step);
  return { status, score: upTo.at(-1)?.[1] ?? null, curve: upTo };
}
