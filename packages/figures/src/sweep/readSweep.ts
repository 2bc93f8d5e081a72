// Reads a sweep's folder, or any folder of runs, as configurations with what came of them.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { type MetricName, measured, metrics } from '../metric.ts';
import { readRunBy, runFolders, type StatusOf } from '../readRun.ts';
import { FiguresError, type Run } from '../run.ts';
import { seriesOf } from '../series.ts';
import { cosmetic, type Setting, settingsOf } from '../settings.ts';
import { estimate } from '../statistics.ts';
import { axesOf, type Drawn, written } from './axes.ts';
import type { Configuration, Sweep, SweepManifest, SweepRun } from './sweep.ts';

const names = Object.keys(metrics) as [MetricName, ...MetricName[]]; // its keys are all of them
const manifestFile = z.object({
  id: z.string(),
  source: z.string().nullish(),
  createdAt: z.string().optional(),
  spec: z.object({
    study: z.string(),
    scale: z.string().nullish(),
    overrides: z.array(z.string()).default([]),
    metric: z.enum(names),
    search: z.object({ id: z.string(), options: z.record(z.string(), z.unknown()).default({}) }),
  }),
});
const jobLine = z.object({
  kind: z.literal('job'),
  trial: z.number(),
  point: z.record(z.string(), z.unknown()),
  runs: z.array(z.object({ run: z.string(), seed: z.number(), variant: z.string().optional() })),
});

/** Runs of one configuration, before it is known in what configurations differ. */
interface Group {
  readonly settings: Map<string, Setting>;
  readonly runs: SweepRun[];
}

/**
 * Reads a sweep: its `sweep.json`, its journal, and the runs beside it; or every run below a folder that is no sweep's.
 * Runs that cannot be read are listed with the reason.
 * @param statusOf how a run stands, for those who know whether its process is still there; default: as its `status.json` says
 * @throws FiguresError where there is no such folder, no run in it, or a damaged manifest
 */
export function readSweep(dir: string, statusOf: StatusOf = () => undefined): Sweep {
  if (existsSync(join(dir, 'sweep.json'))) return sweepIn(dir, statusOf);
  if (!existsSync(dir)) throw new FiguresError(`there is no folder ${dir}; give a sweep's folder or one with runs`);
  const folders = runFolders(dir, 3);
  if (folders.length === 0) throw new FiguresError(`no run in ${dir}: a run is a folder with a config.json`);
  const found = folders.map((folder) => runIn(folder, statusOf));
  const runs = found.flatMap((f) => f.run ?? []);
  if (runs.length === 0) throw new FiguresError(`no run in ${dir} can be read: ${found[0]?.error ?? ''}`);
  const groups = seriesOf(runs).map(
    ({ runs: own, label }): Group => ({
      settings: own[0] ? comparedSettings(own[0], label) : new Map(),
      runs: own.map((run) => found.find((f) => f.run === run) ?? stateOf(run)),
    }),
  );
  const isText = runs.some((run) => run.evals.some((e) => e.bitsPerByte !== undefined));
  const study = [...new Set(runs.map((run) => run.study))].join(', ');
  const sweep = assembled({ dir, study, metric: metrics[isText ? 'bitsPerByte' : 'accuracy'] }, groups);
  const lost = found.filter((f) => f.run === undefined);
  if (lost.length === 0) return sweep;
  const unknown = { name: 'unknown', at: new Map(), runs: lost, result: estimate([]) };
  return { ...sweep, configurations: [...sweep.configurations, unknown] };
}

function sweepIn(dir: string, statusOf: StatusOf): Sweep {
  const parsed = manifestFile.safeParse(jsonIn(join(dir, 'sweep.json')));
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'value'}: ${issue.message}`).join('; ');
    throw new FiguresError(`${join(dir, 'sweep.json')} is not a sweep's manifest (${wrong}); start the sweep again`);
  }
  const { id, source, createdAt, spec } = parsed.data;
  const manifest: SweepManifest = {
    ...{ id, overrides: spec.overrides, search: spec.search },
    ...(source ? { source: relative(process.cwd(), source) } : {}),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(spec.scale ? { scale: spec.scale } : {}),
  };
  const groups = new Map<string, Group>();
  const known = new Set<string>();
  for (const { trial, point, runs } of jobsIn(join(dir, 'journal.jsonl'))) {
    for (const { run, seed, variant } of runs) {
      if (known.has(run)) continue; // a later rung of the same run
      known.add(run);
      const key = `${trial}\u0000${variant ?? ''}`;
      const settings = settingsOf({ ...point, ...(variant === undefined ? {} : { variant }) });
      const group = groups.get(key) ?? { settings, runs: [] };
      groups.set(key, group);
      group.runs.push({ ...runIn(join(dir, '..', '..', run), statusOf), id: run, seed });
    }
  }
  if (groups.size === 0) {
    throw new FiguresError(`sweep ${id} has not chosen a run yet; wait for it, or start it again with looplab sweep`);
  }
  return assembled({ dir, study: spec.study, manifest, metric: metrics[spec.metric] }, [...groups.values()]);
}

function assembled(about: Omit<Sweep, 'axes' | 'configurations'>, groups: readonly Group[]): Sweep {
  const { metric, manifest } = about;
  const placed = axesOf(
    groups.map((g) => g.settings),
    drawnFrom(manifest?.search.options.space),
  );
  const configurations = groups.map(({ runs }, i): Configuration => {
    const at = new Map(placed.flatMap(({ axis, at }) => (at[i] === undefined ? [] : [[axis.label, at[i]] as const])));
    const words = placed.flatMap(({ axis, at }) => {
      if (at[i] === undefined) return [];
      return axis.label === 'variant' ? written(at[i]) : `${axis.short} ${written(at[i])}`;
    });
    const [first] = runs.flatMap((r) => r.run ?? []);
    const finished = runs.flatMap((r) => (r.state === 'finished' && r.run ? [r.run] : []));
    return {
      name: words.length > 0 ? words.join(', ') : (first && nameOf(first)) || 'the configuration',
      at,
      runs,
      result: estimate(
        finished.map((run) => measured(run.evals.at(-1), metric)),
        metric.bounds,
      ),
    };
  });
  return { ...about, axes: placed.map((p) => p.axis), configurations };
}

const space = z.record(z.string(), z.looseObject({ kind: z.string().optional(), log: z.boolean().optional() }));

function drawnFrom(value: unknown): Drawn {
  const { data = {} } = space.safeParse(value);
  return new Map(
    Object.entries(data).map(([key, { kind, log }]) => {
      const isEven = kind === 'uniform' || (kind === 'int' && log !== true);
      return [key, isEven ? 'evenly' : 'by magnitude'] as const;
    }),
  );
}

/** What tells a run's configuration from others. */
function comparedSettings(run: Run, label: string): Map<string, Setting> {
  const settings = settingsOf(run.config);
  const variant = settings.get('variant');
  for (const key of cosmetic) settings.delete(key);
  // runs of one variant that differ in other settings, too
  if (variant !== undefined) settings.set('variant', variant);
  else if (settings.size === 0) settings.set('label', label);
  return settings;
}

function nameOf(run: Run): string {
  return seriesOf([run])[0]?.label ?? run.strategy;
}

function stateOf(run: Run): SweepRun {
  const { id, seed, state, error, cause } = run;
  return { id, seed, state, run, ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) };
}

function runIn(dir: string, statusOf: StatusOf): SweepRun {
  const about = { id: basename(resolve(dir)), seed: Number.NaN };
  if (!existsSync(join(dir, 'config.json'))) return { ...about, ...withoutConfiguration(dir) };
  try {
    return stateOf(readRunBy(dir, statusOf));
  } catch (error) {
    if (!(error instanceof FiguresError)) throw error;
    return { ...about, state: 'unreadable', error: error.message };
  }
}

const statusFile = z.object({
  status: z.enum(['queued', 'failed', 'pruned', 'cancelled', 'preempted']),
  error: z.string().optional(),
  cause: z.enum(['user', 'infra']).optional(),
});

/** A run that has not begun, or did not get so far as to write what it is. */
function withoutConfiguration(dir: string): Pick<SweepRun, 'state' | 'error' | 'cause'> {
  const path = join(dir, 'status.json');
  let value: unknown;
  try {
    value = existsSync(path) ? jsonIn(path) : undefined;
  } catch {
    value = undefined; // being written
  }
  const parsed = statusFile.safeParse(value);
  if (!parsed.success) return { state: 'planned' };
  const { status, error, cause } = parsed.data;
  return { state: status, ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) };
}

function jsonIn(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new FiguresError(`${path} cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** The jobs of a journal up to the first line that is damaged, as the sweep itself reads it. */
function jobsIn(path: string): z.output<typeof jobLine>[] {
  if (!existsSync(path)) return [];
  const jobs: z.output<typeof jobLine>[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      break;
    }
    const parsed = jobLine.safeParse(value);
    if (parsed.success) jobs.push(parsed.data);
  }
  return jobs;
}
