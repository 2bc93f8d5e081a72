// A sweep before anything is run: its identity, and the runs that each of its suggestions stands for.
import { resolve } from 'node:path';
import { nearest } from '@looplab/core';
import {
  identifyRun,
  planFromConfig,
  type RunPlan,
  resolveRuns,
  runId,
  type Study,
  type StudySweep,
  sameRun,
} from '@looplab/train';
import { SweepError } from '../errors.ts';
import type { Search, Suggestion } from '../search/search.ts';
import { type Json, type Point, pointText, settingsOf } from '../space/point.ts';
import { type MetricName, metricNamed } from './metric.ts';

export interface SweepPlanOptions {
  /** What is varied; default: the `sweep` of the study or of its scale; without any, its variants and seeds are all there is. */
  readonly search?: Search;
  readonly scale?: string;
  /** Settings of every run, as typed: `train.steps=100`. */
  readonly overrides?: readonly string[];
  /** How many seeds; default: what the study or its scale says. */
  readonly seeds?: number;
  /** What trials are judged by; default: the metric of the study's task. */
  readonly metric?: string;
  /** The study's file: where processes of their own find the study. Needed where its runs cannot be made from their configuration. */
  readonly source?: string;
  /** Identity of the code instead of the one that is computed: goes on with a sweep after a change that does not matter to it. */
  readonly code?: string;
}

/** One run of a sweep. */
export interface PlannedRun {
  readonly id: string;
  readonly code: string;
  readonly plan: RunPlan;
  /** Everything that was set: the sweep's settings and the point. */
  readonly overrides: readonly string[];
  readonly point: Point;
}

/** What makes a sweep the one it is; the same again is the same sweep. Plain JSON. */
export interface SweepSpec {
  readonly study: string;
  readonly scale: string | null;
  readonly overrides: readonly string[];
  readonly seeds: readonly number[];
  readonly search: { readonly id: string; readonly options: Readonly<Record<string, Json>> };
  readonly metric: MetricName;
  readonly code: string;
}

/** A sweep that can be driven. */
export interface SweepPlan {
  /** Hash of `spec`. */
  readonly id: string;
  readonly spec: SweepSpec;
  readonly study: Study;
  readonly source: string | undefined;
  readonly search: Search;
  /** Updates of a run, and between its evaluations, as the search sees them. */
  readonly work: { readonly steps: number; readonly evalEvery: number };
  /** How many runs each suggestion stands for. */
  readonly runsPerPoint: number;
  /** The runs of one suggestion: the arms of the study times its seeds, seed by seed. */
  runsOf(suggestion: Suggestion): readonly PlannedRun[];
}

/** The key that chooses arms of the study instead of changing a setting. */
const VARIANT = 'variant';

/** The search of a study that is not varied: one point without settings. */
const still: Search = {
  id: 'study',
  options: {},
  keys: [],
  trials: 1,
  parallel: Number.POSITIVE_INFINITY,
  suggest: ({ made }) => (made.length === 0 ? { trial: 0, point: {} } : undefined),
};

/**
 * Checks a sweep as far as is possible before it begins.
 * @throws SweepError for what cannot be swept; OverrideError, StudyError, ConfigError, ... for a study or settings that cannot be run
 */
export function planSweep(study: Study, options: SweepPlanOptions = {}): SweepPlan {
  const { scale, source, code } = options;
  const overrides = [...(options.overrides ?? []), ...(options.seeds === undefined ? [] : [`seeds=${options.seeds}`])];
  const runsWith = (more: readonly string[]): RunPlan[] =>
    resolveRuns(study, { overrides: [...overrides, ...more], ...(scale === undefined ? {} : { scale }) });
  const search = options.search ?? asSearch((scale && study.scales?.[scale]?.sweep) || study.sweep) ?? still;

  const runsOf = ({ point }: Suggestion): PlannedRun[] => {
    const { [VARIANT]: variant, ...settings } = point;
    const texts = settingsOf(settings);
    let plans: RunPlan[];
    try {
      plans = runsWith(texts);
    } catch (error) {
      // What is wrong is said; which point it is wrong at only this function knows.
      if (error instanceof Error && texts.length > 0) error.message = `at ${pointText(point)}: ${error.message}`;
      throw error;
    }
    return plans
      .filter((plan) => variant === undefined || plan.variant === variant)
      .map((plan) => ({ ...identifyRun(plan, { source, code }), plan, overrides: [...overrides, ...texts], point }));
  };

  const arms = runsWith([]);
  const [first] = arms;
  if (first === undefined) throw new SweepError(`study ${study.name} has no runs; give it a seed`);
  const codes = new Set(arms.map((plan) => identifyRun(plan, { source, code }).code));
  const spec: SweepSpec = {
    study: study.name,
    scale: scale ?? null,
    overrides,
    seeds: [...new Set(arms.map((plan) => plan.seed))],
    search: { id: search.id, options: search.options },
    metric: metricNamed(options.metric ?? first.task.metric),
    code: [...codes].sort().join('+'),
  };
  if (spec.metric === 'bitsPerByte' && first.task.metric !== 'bitsPerByte') {
    throw new SweepError(`task ${first.task.name} has no bitsPerByte; use --metric loss or accuracy`);
  }
  const work = { steps: first.steps, evalEvery: first.train.evalEvery };
  const runsPerPoint = search.keys.includes(VARIANT) ? spec.seeds.length : arms.length;
  const plan = {
    ...{ id: runId(spec, ''), spec, study, source: source && resolve(source) },
    ...{ search, work, runsPerPoint, runsOf },
  };
  assertArms(plan, arms);
  assertRunsElsewhere(first, source);
  return plan;
}

/** @throws SweepError unless it was made by one of this package's functions */
function asSearch(sweep: StudySweep | undefined): Search | undefined {
  if (sweep === undefined) return undefined;
  if ('suggest' in sweep && typeof sweep.suggest === 'function') return sweep as Search; // only searches have it
  throw new SweepError(`the study's sweep is not one; make it with grid, zip, random, tpe or asha of @looplab/sweep`);
}

/** A search that compares points needs one number for each. */
function assertArms({ search, study }: SweepPlan, arms: readonly RunPlan[]): void {
  const variants = [...new Set(arms.map((plan) => plan.variant))].filter((v) => v !== undefined);
  const isAxis = search.keys.includes(VARIANT);
  if (isAxis && variants.length === 0) {
    throw new SweepError(`study ${study.name} has no variants to vary; take the axis '${VARIANT}' out`);
  }
  if (Number.isFinite(search.parallel) && variants.length > 1 && !isAxis) {
    throw new SweepError(
      `${search.id} compares points, but each point has ${variants.length} variants (${variants.join(', ')}); ` +
        `add the axis '${VARIANT}', such as choice(['${variants[0]}'])`,
    );
  }
}

/** A run is a process of its own, which must be able to make it again. */
function assertRunsElsewhere(plan: RunPlan, source: string | undefined): void {
  if (source !== undefined) return;
  try {
    planFromConfig(plan.config);
  } catch (error) {
    throw new SweepError(
      `runs of study ${plan.study} cannot be made from their configuration alone, as a task reads files or a plug-in is the study's ` +
        `own; export the study as default from a file and name it: sweep(study, { source: '/path/to/study.ts' })`,
      { cause: error },
    );
  }
}

/**
 * The runs of a suggestion, checked against what the sweep has already.
 * @throws SweepError if nothing is left of a point, a run of a listed search is in it twice, or trials of different lengths are to
 * be stopped at the same steps
 */
export function checkedRuns(
  plan: SweepPlan,
  suggestion: Suggestion,
  known: ReadonlyMap<string, PlannedRun>,
): readonly PlannedRun[] {
  const { search, work, study, spec } = plan;
  const runs = plan.runsOf(suggestion);
  if (runs.length === 0) {
    const variant = String(suggestion.point[VARIANT]);
    const scale = spec.scale === null ? undefined : study.scales?.[spec.scale];
    const variants = Object.keys(scale?.variants ?? study.variants ?? {});
    const close = nearest(variant, variants);
    throw new SweepError(
      `there is no variant ${variant}; ${close === undefined ? `there are ${variants.join(', ')}` : `did you mean ${close}?`}`,
    );
  }
  for (const run of runs) {
    const other = known.get(run.id);
    if (other && !sameRun(other.plan.config, run.plan.config)) {
      throw new SweepError(`two configurations have the id ${run.id}; change one setting of one of them by a little`);
    }
    if (other && 'points' in search) {
      throw new SweepError(
        `${pointText(other.point)} and ${pointText(run.point)} are the same run ${run.id}; leave one of them out ` +
          '(settings that only change what is logged or kept make no run of their own)',
      );
    }
    if (search.partial && (run.plan.steps !== work.steps || run.plan.train.evalEvery !== work.evalEvery)) {
      throw new SweepError(
        `${search.id} stops trials at the same steps, so train.steps and train.evalEvery must be the same for all; take them out of the space`,
      );
    }
  }
  return runs;
}
