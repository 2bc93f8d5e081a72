// Sweeps a study file, or prices the sweep, and prints what came of it.
import { relative } from 'node:path';
import {
  estimateSweep,
  type FoundSweep,
  type Launcher,
  measureStep,
  planSweep,
  type RetryKind,
  runSweep,
  type Search,
  type SweepEstimate,
  type SweepPlan,
  type SweepResult,
  searchFromSpec,
  shareOf,
  timed,
  typicalRun,
} from '@looplab/sweep';
import { clock, listenForInterrupt } from '@looplab/train';
import { columns } from './columns.ts';
import type { deviceOf } from './device.ts';
import { InputError } from './errors.ts';
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

/** Some runs of a sweep have no result; the others have. */
class SweepIncompleteError extends Error {
  override readonly name = 'SweepIncompleteError';
  readonly exitCode = 1;
}

/** @throws InputError, SweepError, OverrideError, ... for a study or settings that cannot be swept */
export async function planStudyFile(which: WhichSweep): Promise<SweepPlan> {
  const { file, set, ...rest } = which;
  const { study, path } = await loadStudy(file);
  return planSweep(study, { ...rest, overrides: set, source: path });
}

/**
 * The plan of a sweep that was begun before.
 * @throws InputError if its study is in no file, or study or code are not what they were
 */
export async function planAgain({ manifest }: FoundSweep, code?: string): Promise<SweepPlan> {
  const { id, spec, source } = manifest;
  if (source === null)
    throw new InputError(`sweep ${id} was begun by a script, not from a study file; run that script`);
  const search = searchFromSpec(spec.search);
  const plan = await planStudyFile({
    ...{ file: source, set: spec.overrides, metric: spec.metric },
    ...(search ? { search } : {}),
    ...(spec.scale === null ? {} : { scale: spec.scale }),
    ...(code === undefined ? {} : { code }),
  });
  if (plan.id === id) return plan;
  const what = plan.spec.code === spec.code ? `${relative(process.cwd(), source)} has` : 'the code has';
  const cure = plan.spec.code === spec.code ? '' : `, or add --code ${spec.code} if the change does not matter`;
  throw new InputError(`${what} changed since sweep ${id} began; sweep the study anew${cure}`);
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

/** Lists the runs of a plan and measures what one update takes, without running the sweep. */
export async function price(plan: SweepPlan, options: CarryOptions, isMeasured: boolean): Promise<SweepEstimate> {
  const { device, results, workers } = options;
  const threads = device.threads === undefined ? {} : { threads: device.threads };
  const shares = shareOf(plan, { ...threads, ...(workers === undefined ? {} : { workers }) });
  const estimate = estimateSweep(plan, { results, ...shares });
  const typical = typicalRun(plan);
  if (!isMeasured || typical === undefined || estimate.flops === 0) return estimate;
  return timed(estimate, await measureStep(typical, { device: device.kind, threads: shares.threads }));
}

/** Prints a plan for people, or as one JSON line. */
export function printEstimate(estimate: SweepEstimate, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(estimate)}\n`);
    return;
  }
  const { runs, done, flops, seconds, step, workers, threads, isExample } = estimate;
  const keys = [...new Set(runs.flatMap((r) => Object.keys(r.point)))];
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
  process.stdout.write(`\n${trialTable(result, plan)}\nsweep ${result.id}: ${result.dir}\n`);
}

/** One line a point and variant: its settings, how its seeds ended, and the mean of the metric. */
function trialTable({ rows }: Pick<SweepResult, 'rows'>, { spec }: Pick<SweepPlan, 'spec'>): string {
  const keys = [...new Set(rows.flatMap((r) => Object.keys(r.point)))];
  const groups = Map.groupBy(rows, (r) => JSON.stringify([r.trial, r.variant ?? null]));
  const lines = [...groups.values()].map((runs) => {
    const [first] = runs;
    const values = runs.flatMap((r) => r[spec.metric] ?? []);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const statuses = Map.groupBy(runs, (r) => (r.cause ? `${r.status}(${r.cause})` : r.status));
    return [
      ...[String(first?.trial), ...keys.map((key) => text(first?.point[key])), first?.variant ?? ''],
      ...[String(runs.length), values.length > 0 ? mean.toPrecision(4) : ''],
      [...statuses].map(([status, of]) => `${of.length} ${status}`).join(', '),
    ];
  });
  return columns(['trial', ...keys, 'variant', 'seeds', spec.metric, 'runs'], lines);
}

/** The table of a sweep on disk. */
export function printSweep(rows: SweepResult['rows'], spec: SweepPlan['spec']): void {
  process.stdout.write(trialTable({ rows }, { spec }));
}

/** @throws SweepIncompleteError unless every run has a result */
export function assertComplete({ end, rows, id }: SweepResult): void {
  const bad = rows.filter((r) => r.status === 'failed' || r.status === 'diverged');
  const left = rows.filter((r) => ['planned', 'queued', 'running', 'preempted', 'cancelled'].includes(r.status));
  if (end === 'complete' && bad.length === 0) return;
  const reasons: Record<string, string> = {
    failures: 'so many runs failed that the sweep was stopped',
    unwell:
      'run after run failed to get anywhere, so the sweep was stopped; the same command goes on when the machine is well',
    incomplete: `the machine let runs down; the same command, or looplab sweep retry ${id} --infra, takes them up again`,
  };
  const lines = [
    reasons[end] ?? `${bad.length} of ${rows.length} runs did not finish; their folders' log.txt says why`,
    ...bad.map((r) => `  ${r.run} (trial ${r.trial} seed ${r.seed}): ${r.error ?? r.status}`),
    ...(left.length > 0 ? [`  ${left.length} runs are left to do`] : []),
  ];
  throw new SweepIncompleteError(lines.join('\n'));
}

function text(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
