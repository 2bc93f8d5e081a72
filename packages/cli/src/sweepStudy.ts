// Sweeps a study file, or prices the sweep, and prints what came of it.
import {
  type FoundSweep,
  type Launcher,
  type Point,
  planAgain,
  planSweep,
  priceSweep,
  type RetryKind,
  runSweep,
  type Search,
  type SweepEstimate,
  type SweepPlan,
  type SweepResult,
  trialsOf,
} from '@looplab/sweep';
import { clock, listenForInterrupt } from '@looplab/train';
import { columns } from './columns.ts';
import type { deviceOf } from './device.ts';
import { loadStudy } from './loadStudy.ts';
import { makeFolder } from './makeFolder.ts';

/** How runs of a sweep are carried out. */
export interface CarryOptions {
  readonly results: string;
  readonly device: ReturnType<typeof deviceOf>;
  readonly workers?: number;
  readonly maxFailures?: number;
  readonly retries: number;
  readonly launcher?: Launcher;
}

/** Which sweep. */
export interface WhichSweep {
  /** Path of the study file, or of the folder it lies in. */
  readonly file: string;
  readonly set: readonly string[];
  readonly search?: Search;
  readonly scale?: string;
  readonly seeds?: number;
  readonly metric?: string;
  readonly code?: string;
}

/** @throws InputError, SweepError, OverrideError, ... for a study or settings that cannot be swept */
export async function planStudyFile(which: WhichSweep): Promise<SweepPlan> {
  const { file, set, ...rest } = which;
  const { study, path } = await loadStudy(file);
  return planSweep(study, { ...rest, overrides: set, source: path });
}

/**
 * The plan of a sweep that was begun before.
 * @throws InputError if its study file cannot be loaded; SweepError as `planAgain` of the library
 */
export async function planFoundSweep(sweep: FoundSweep, code: string | undefined): Promise<SweepPlan> {
  return planAgain(sweep, {
    load: async (source) => (await loadStudy(source)).study,
    ...(code === undefined ? {} : { code }),
  });
}

/** Drives a planned sweep with progress on stderr; Ctrl-C stops it with its runs saved. */
export async function carryOut(plan: SweepPlan, options: CarryOptions & { retry?: RetryKind }): Promise<SweepResult> {
  const { device, ...rest } = options;
  makeFolder(options.results);
  const { signal, restore } = listenForInterrupt((name) => {
    process.stderr.write(`${name}: asking runs to save and end; once more ends at once\n`);
  });
  const threads = device.threads === undefined ? {} : { threads: device.threads };
  try {
    return await runSweep(plan, { ...rest, ...threads, device: device.kind, output: process.stderr, signal });
  } finally {
    restore();
  }
}

/** Lists the runs of a plan and, unless told otherwise, measures what one update takes, without running the sweep. */
export function price(plan: SweepPlan, options: CarryOptions, isMeasured: boolean): Promise<SweepEstimate> {
  const { device, results, workers } = options;
  return priceSweep(plan, {
    ...{ results, device: device.kind, isMeasured },
    ...(device.threads === undefined ? {} : { threads: device.threads }),
    ...(workers === undefined ? {} : { workers }),
  });
}

/** Prints a plan for people, or as one JSON line. */
export function printEstimate(estimate: SweepEstimate, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(estimate)}\n`);
    return;
  }
  const { runs, done, flops, seconds, step, workers, threads, isExample } = estimate;
  const keys = keysOf(runs);
  const rows = runs.map((r) => [
    ...[r.run, String(r.trial), ...keys.map((key) => text(r.point[key])), r.variant ?? '', String(r.seed)],
    ...[String(r.until), r.flops.toExponential(2), r.status],
  ]);
  const headings = ['run', 'trial', ...keys, 'variant', 'seed', 'steps', 'FLOPs left', 'status'];
  process.stdout.write(columns(headings, rows));
  const lines = [
    `sweep ${estimate.id} of ${estimate.study}: ${runs.length} runs, ${done} finished, ${flops.toExponential(3)} FLOPs left`,
    ...(isExample ? [`${estimate.search} chooses later points by what comes out: the rows above are an example`] : []),
    `${workers} at a time with ${threads} thread${threads === 1 ? '' : 's'} each`,
    ...(step && seconds !== undefined
      ? [`an update takes ${step.secondsPerStep.toPrecision(3)} s here, so the rest takes about ${clock(seconds)}`]
      : []),
  ];
  process.stdout.write(`\n${lines.join('\n')}\n`);
}

/** Prints what came out for people, or as one JSON line. */
export function printResult(result: SweepResult, plan: SweepPlan, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...result, spec: plan.spec })}\n`);
    return;
  }
  process.stdout.write(`\n${trialTable(result.rows, plan.spec)}\nsweep ${result.id}: ${result.dir}\n`);
}

/** One line a point and variant: its settings, how many seeds finished, the mean of the metric over those, and how all ended. */
function trialTable(rows: SweepResult['rows'], { metric }: SweepPlan['spec']): string {
  const keys = keysOf(rows);
  const lines = trialsOf(rows, metric).map(({ trial, point, variant, runs, finished, mean }) => {
    const statuses = Map.groupBy(runs, (r) => (r.cause ? `${r.status}(${r.cause})` : r.status));
    return [
      ...[String(trial), ...keys.map((key) => text(point[key])), variant ?? ''],
      ...[`${finished} of ${runs.length}`, mean?.toPrecision(4) ?? ''],
      [...statuses].map(([status, of]) => `${of.length} ${status}`).join(', '),
    ];
  });
  return columns(['trial', ...keys, 'variant', 'finished', metric, 'runs'], lines);
}

/** The table of a sweep on disk. */
export function printSweep(rows: SweepResult['rows'], spec: SweepPlan['spec']): void {
  process.stdout.write(trialTable(rows, spec));
}

/** The settings that are varied; variants have a column of their own. */
function keysOf(rows: readonly { readonly point: Point }[]): string[] {
  return [...new Set(rows.flatMap((r) => Object.keys(r.point)))].filter((key) => key !== 'variant');
}

function text(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
