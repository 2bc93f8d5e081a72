// What a sweep would do and cost, without doing it.
import { join } from 'node:path';
import { currentStatus, planFlops, type RunPlan } from '@looplab/train';
import { Timeline } from '../search/timeline.ts';
import type { Point } from '../space/point.ts';
import type { MeasuredStep } from './measureStep.ts';
import { checkedRuns, type PlannedRun, type SweepPlan } from './sweepPlan.ts';

/** One run of a plan. */
export interface PlannedRow {
  readonly run: string;
  readonly trial: number;
  readonly point: Point;
  readonly seed: number;
  readonly variant?: string;
  /** `planned`, or what its folder says. */
  readonly status: string;
  readonly step: number;
  /** Updates it is meant for: fewer than all where a search stops it. */
  readonly until: number;
  /** Counted FLOPs of what is left. */
  readonly flops: number;
}

/** The plan of a sweep and its price. */
export interface SweepEstimate {
  readonly id: string;
  readonly study: string;
  readonly search: string;
  /** Whether later points depend on what comes out, so that the rows are an example. */
  readonly isExample: boolean;
  readonly runs: readonly PlannedRow[];
  /** Runs that are finished. */
  readonly done: number;
  /** Counted FLOPs of training that are left. */
  readonly flops: number;
  readonly workers: number;
  readonly threads: number;
  readonly step?: MeasuredStep;
  /** Seconds until the end, from the measured step; evaluations and the start of processes come on top. */
  readonly seconds?: number;
}

/**
 * Lists what a sweep would run. Where points depend on results, every earlier trial is taken to be better than the later ones: the
 * number of runs is right, which of them go on is an example.
 * @throws as the sweep would before its first run
 */
export function estimateSweep(
  plan: SweepPlan,
  on: { readonly results: string; readonly workers: number; readonly threads: number },
): SweepEstimate {
  const timeline = new Timeline(plan.search, plan.work);
  while (timeline.advance((_, { trial }) => ({ score: trial, curves: [] })).length > 0);
  const known = new Map<string, PlannedRun>();
  const rows = new Map<string, PlannedRow>();
  for (const suggestion of timeline.suggestions) {
    const { trial, point } = suggestion;
    for (const run of checkedRuns(plan, suggestion, known)) {
      known.set(run.id, run);
      const { status = 'planned', step = 0 } = currentStatus(join(on.results, plan.study.name, run.id)) ?? {};
      const until = suggestion.until ?? run.plan.steps;
      const left = Math.max(0, until - step) / run.plan.steps;
      const { seed, variant } = run.plan;
      rows.set(run.id, {
        ...{ run: run.id, trial, point, seed, status, step, until, flops: left * planFlops(run.plan) },
        ...(variant === undefined ? {} : { variant }),
      });
    }
  }
  const runs = [...rows.values()];
  return {
    id: plan.id,
    study: plan.study.name,
    search: plan.search.id,
    isExample: Number.isFinite(plan.search.parallel),
    runs,
    done: runs.filter((r) => r.status === 'finished').length,
    flops: runs.reduce((sum, r) => sum + r.flops, 0),
    workers: on.workers,
    threads: on.threads,
  };
}

/** The estimate with the time that a measured step stands for. */
export function timed(estimate: SweepEstimate, step: MeasuredStep): SweepEstimate {
  return { ...estimate, step, seconds: estimate.flops / step.flopsPerSecond / estimate.workers };
}

/** The run in the middle by cost, which is the one to measure. */
export function typicalRun(plan: SweepPlan): RunPlan | undefined {
  const timeline = new Timeline(plan.search, plan.work);
  timeline.advance(() => undefined);
  const runs = timeline.suggestions.slice(0, 100).flatMap((s) => plan.runsOf(s));
  const priced = runs.map((run) => ({ plan: run.plan, flops: planFlops(run.plan) })).sort((a, b) => a.flops - b.flops);
  return priced[priced.length >> 1]?.plan;
}
