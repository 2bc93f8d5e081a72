// Reads run folders: configuration, metrics, status and manifest, with errors that name the file and line.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { type EvalPoint, FiguresError, type Run, type TrainPoint } from './run.ts';

// JSON has no NaN: a loss that was not finite is written as null.
const real = z
  .number()
  .nullable()
  .transform((x) => x ?? Number.NaN);
const step = z.int().min(0);

const trainLine = z.object({
  step,
  time: real.default(Number.NaN),
  loss: real,
  terms: z.record(z.string(), real).default({}),
  lr: real.default(Number.NaN),
  gradNorm: real.default(Number.NaN),
  tokensPerSecond: real.default(Number.NaN),
  flops: z.number().optional(),
});
const evalLine = z.object({
  step,
  accuracy: real,
  loss: real,
  accuracyPerLoop: z.array(real).default([]),
  lossPerLoop: z.array(real).default([]),
  exitDistribution: z.array(real).default([]),
  bitsPerByte: real.optional(),
  expectedLoops: real.optional(),
});
const named = z.looseObject({ id: z.string() });
const configFile = z.looseObject({
  study: z.union([z.string(), z.looseObject({ name: z.string() }).transform((s) => s.name)]).optional(),
  strategy: named,
  objective: named.optional(),
  model: z.looseObject({ layers: z.number().optional(), loops: z.number().optional() }).optional(),
  task: z.looseObject({ name: z.string() }).optional(),
  seed: z.number(),
});
const ends = ['finished', 'failed', 'diverged', 'cancelled', 'preempted', 'pruned'] as const;
const states = ['queued', 'running', ...ends] as const;
const statusFile = z.object({
  status: z.enum(states),
  startedAt: z.union([z.string(), z.number()]).optional(),
  updatedAt: z.union([z.string(), z.number()]).optional(),
  error: z.string().optional(),
  cause: z.enum(['user', 'infra']).optional(),
});
const manifestFile = z
  .object({
    runId: z.string(),
    codeId: z.string(),
    git: z.object({ sha: z.string(), dirty: z.boolean() }).partial(),
    lockfileHash: z.string(),
    node: z.string(),
    cpu: z.string(),
    cores: z.number(),
    packages: z.record(z.string(), z.string()),
    createdAt: z.string(),
    params: z.number(),
    device: z.string(),
  })
  .partial();

/**
 * How the run in a folder stands, for those who know more than `status.json` says: whether its process is still there.
 * Undefined where they do not know.
 */
export type StatusOf = (dir: string) => object | undefined;

/**
 * Reads one run folder. A torn last line of `metrics.jsonl` (the run is being written, or was killed) is left out and noted in
 * `torn`; lines of an unknown kind are passed over; of two lines with the same kind and step the later one counts (a resumed run).
 * @throws FiguresError where `config.json` is missing or anything in the folder is not what it should be
 */
export function readRun(dir: string): Run {
  return readRunBy(dir, () => undefined);
}

/** The same, with the status that `statusOf` gives. */
export function readRunBy(dir: string, statusOf: StatusOf): Run {
  if (!existsSync(join(dir, 'config.json'))) {
    throw new FiguresError(`${dir} is not a run folder: it has no config.json; give the folder of one run`);
  }
  const raw = readJson(join(dir, 'config.json'));
  const config = check(configFile, raw, join(dir, 'config.json'));
  const statusPath = join(dir, 'status.json');
  const manifestPath = join(dir, 'manifest.json');
  const status = existsSync(statusPath)
    ? check(statusFile, statusOf(dir) ?? readJson(statusPath), statusPath)
    : undefined;
  const manifest = existsSync(manifestPath) ? check(manifestFile, dropNulls(readJson(manifestPath)), manifestPath) : {};
  const { train, evals, torn, trained } = readMetrics(join(dir, 'metrics.jsonl'));
  const layers = config.model?.layers;
  const seconds = trained ?? (status ? secondsBetween(status.startedAt, status.updatedAt) : undefined);
  return {
    dir,
    id: basename(resolve(dir)),
    study: config.study ?? basename(resolve(dir, '..')),
    strategy: config.strategy.id,
    objective: config.objective?.id ?? 'unknown',
    task: config.task?.name ?? 'unknown',
    seed: config.seed,
    ...(layers === undefined ? {} : { layers }),
    loops: Math.max(1, config.model?.loops ?? evals.at(-1)?.accuracyPerLoop.length ?? 1),
    ...(manifest.params === undefined ? {} : { params: manifest.params }),
    ...(seconds === undefined || !Number.isFinite(seconds) ? {} : { seconds }),
    state: status?.status ?? 'unknown',
    ...(status?.error === undefined ? {} : { error: status.error }),
    ...(status?.cause === undefined ? {} : { cause: status.cause }),
    config: raw as Readonly<Record<string, unknown>>, // checked above to be an object
    manifest: manifest as Run['manifest'], // exactOptionalPropertyTypes: JSON has no undefined, so absent means absent
    train,
    evals,
    torn,
  };
}

/**
 * Reads every run below `dir`: the folder itself, a study of runs, or `results` with its studies. Sorted by path.
 * @throws FiguresError where there is no such folder, no run in it, or one of the runs cannot be read
 */
export function readRuns(dir: string): Run[] {
  if (!existsSync(dir) || !statSync(dir).isDirectory()) {
    throw new FiguresError(`there is no folder ${dir}; run a study first, or give the folder with its runs`);
  }
  const runs = runFolders(dir, 3).map(readRun);
  if (runs.length === 0) {
    throw new FiguresError(
      `no run in ${dir}: a run is a folder with a config.json; run a study first, or give another folder`,
    );
  }
  return runs;
}

/**
 * The run folders below `dir`, at most `depth` folders down; sorted by path. Hidden folders, and those that cannot be listed, are
 * passed over.
 */
export function runFolders(dir: string, depth: number): string[] {
  if (existsSync(join(dir, 'config.json'))) return [dir];
  if (depth === 0) return [];
  return namesIn(dir)
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(dir, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)
    .sort()
    .flatMap((path) => runFolders(path, depth - 1));
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // gone, or not ours to read
  }
}

interface Metrics {
  readonly train: TrainPoint[];
  readonly evals: EvalPoint[];
  readonly torn: boolean;
  /** Seconds of training at the last line, pauses left out. */
  readonly trained: number | undefined;
}

function readMetrics(path: string): Metrics {
  const train = new Map<number, TrainPoint>();
  const evals = new Map<number, EvalPoint>();
  if (!existsSync(path)) return { train: [], evals: [], torn: false, trained: undefined };
  const lines = readText(path).split('\n');
  const last = lines.length - 1; // empty where the file ends with a newline
  let torn = false;
  let trained: number | undefined;
  for (const [index, text] of lines.entries()) {
    if (text.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      if (index === last) {
        torn = true;
        continue;
      }
      throw new FiguresError(`${path}, line ${index + 1}: not JSON (${message(error)}); repair or remove the line`);
    }
    const at = `${path}, line ${index + 1}`;
    const { kind, time } = check(z.looseObject({ kind: z.string(), time: real.optional() }), value, at);
    if (time !== undefined && Number.isFinite(time)) trained = time;
    if (kind === 'train') {
      const point = present(check(trainLine, value, at));
      train.set(point.step, point);
    } else if (kind === 'eval') {
      const point = present(check(evalLine, value, at));
      evals.set(point.step, point);
    }
  }
  const byStep = (a: { step: number }, b: { step: number }) => a.step - b.step;
  return { train: [...train.values()].sort(byStep), evals: [...evals.values()].sort(byStep), torn, trained };
}

/** The entries that are there: zod gives what is absent as undefined. */
function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>; // what was undefined is gone
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new FiguresError(`cannot read ${path}: ${message(error)}`);
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof FiguresError) throw error;
    throw new FiguresError(`${path} is not JSON (${message(error)}); the run was cut short or the file was edited`);
  }
}

function check<S extends z.ZodType>(schema: S, value: unknown, at: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'value'}: ${issue.message}`).join('; ');
  throw new FiguresError(`${at} is not as expected: ${wrong}`);
}

/** Null means unknown in a manifest. */
function dropNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([k, v]) => (v === null ? [] : [[k, dropNulls(v)]])));
}

function secondsBetween(start: string | number | undefined, end: string | number | undefined): number | undefined {
  if (start === undefined || end === undefined) return undefined;
  return (new Date(end).getTime() - new Date(start).getTime()) / 1000;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
