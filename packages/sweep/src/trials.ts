// A sweep's runs by trial: how many of its seeds finished, and what they measured on average.
import type { MetricName } from './plan/metric.ts';
import type { Point } from './space/point.ts';
import type { SweepRow } from './sweepTable.ts';

/** The runs of one point and variant, which differ in their seed. */
export interface Trial {
  readonly trial: number;
  readonly point: Point;
  readonly variant?: string;
  readonly runs: readonly SweepRow[];
  readonly finished: number;
  /** Of the metric over the finished runs; absent where none is. */
  readonly mean?: number;
}

/**
 * The rows by trial and variant, in their order. What a run that failed, was stopped or is at work has measured so far is in no mean:
 * it is of another step.
 */
export function trialsOf(rows: readonly SweepRow[], metric: MetricName): Trial[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify([row.trial, row.variant ?? null]));
  return [...groups.values()].flatMap((runs) => {
    const [first] = runs;
    if (first === undefined) return [];
    const { trial, point, variant } = first;
    const finished = runs.filter((run) => run.status === 'finished');
    const values = finished.flatMap((run) => run[metric] ?? []);
    return {
      ...{ trial, point, runs, finished: finished.length },
      ...(variant === undefined ? {} : { variant }),
      ...(values.length === 0 ? {} : { mean: values.reduce((a, b) => a + b, 0) / values.length }),
    };
  });
}
