// One run as a row: what its folder says in a few numbers, for lists and tables.
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { currentStatus, type EvalRecord, type Manifest, type RunStatus, readJson } from '@looplab/train';
import type { Json } from '../space/point.ts';
import { foldersIn } from '../store/foldersIn.ts';

/** A run in a list. Numbers that it has not got are absent. */
export interface RunRow {
  readonly run: string;
  readonly study: string;
  readonly variant?: string;
  readonly strategy: string;
  readonly objective: string;
  readonly task: string;
  readonly seed: number;
  readonly status: RunStatus | 'planned' | 'unknown';
  /** Of a failure. */
  readonly cause?: 'user' | 'infra';
  readonly error?: string;
  readonly step: number;
  readonly steps: number;
  readonly accuracy?: number;
  /** Nats a token. */
  readonly loss?: number;
  readonly bitsPerByte?: number;
  readonly expectedLoops?: number;
  readonly params?: number;
  /** Of training, over all processes. */
  readonly seconds?: number;
  readonly tokens?: number;
  readonly flops?: number;
  readonly startedAt?: string;
  readonly updatedAt?: string;
  /** Settings by their dotted key: `model.loops`, `train.lr`. */
  readonly settings: Readonly<Record<string, Json>>;
}

/** So much of the end of `metrics.jsonl` is looked at for the last evaluation and the last line, in bytes. */
const TAIL = 32_768;

/** The row of the run in `dir`; undefined if there is no run. */
export function runRow(dir: string, run: string): RunRow | undefined {
  const config = readJson(join(dir, 'config.json')) as Config | undefined; // every part is looked at before it is used
  const status = currentStatus(dir);
  if (typeof config !== 'object' || config === null || config.strategy === undefined) return undefined;
  const manifest = readJson(join(dir, 'manifest.json')) as Partial<Manifest> | undefined; // as above
  const { evaluation, last } = metricsTail(join(dir, 'metrics.jsonl'));
  const { status: state = 'unknown', cause, error } = status ?? {};
  return {
    run,
    study: String(config.study ?? ''),
    ...(config.variant === undefined ? {} : { variant: String(config.variant) }),
    strategy: String(config.strategy.id),
    objective: String(config.objective?.id ?? ''),
    task: String(config.task?.name ?? ''),
    seed: Number(config.seed ?? 0),
    status: state,
    ...defined({ cause, error }),
    step: status?.step ?? 0,
    steps: status?.steps ?? 0,
    ...numbers({
      accuracy: evaluation?.accuracy,
      loss: evaluation?.loss,
      bitsPerByte: evaluation?.bitsPerByte,
      expectedLoops: evaluation?.expectedLoops,
      params: manifest?.params,
      seconds: last.time,
      tokens: last.tokens,
      flops: last.flops,
    }),
    ...defined({ startedAt: status?.startedAt, updatedAt: status?.updatedAt }),
    settings: settingsIn(config),
  };
}

interface Config {
  readonly study?: unknown;
  readonly variant?: unknown;
  readonly strategy?: { readonly id?: unknown };
  readonly objective?: { readonly id?: unknown };
  readonly task?: { readonly name?: unknown };
  readonly seed?: unknown;
}

/** The folders of runs right under a study's folder. */
export function runFolders(study: string): string[] {
  return foldersIn(study).filter((name) => /^[0-9a-f]{12}$/.test(name));
}

/** A mark that changes when a run's row may: size and time of the files that say how it is. */
export function rowMark(dir: string): string {
  return ['status.json', 'metrics.jsonl']
    .map((name) => {
      const stat = statSync(join(dir, name), { throwIfNoEntry: false });
      return stat ? `${stat.mtimeMs}/${stat.size}` : '-';
    })
    .join(' ');
}

/** Nested settings by dotted keys; lists and empty objects stay values. */
function settingsIn(config: object): Record<string, Json> {
  const flat: Record<string, Json> = {};
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`);
    } else flat[path] = value as Json; // it came from JSON
  };
  walk(config, '');
  return flat;
}

function metricsTail(path: string): {
  evaluation?: EvalRecord;
  last: { time?: number; tokens?: number; flops?: number };
} {
  const lines = tailOf(path).split('\n').reverse();
  let evaluation: EvalRecord | undefined;
  let last: { time?: number; tokens?: number; flops?: number } = {};
  for (const line of lines) {
    const record = parsed(line);
    if (record === undefined) continue;
    last = { ...record, ...last };
    if (record.kind === 'eval') evaluation ??= record as unknown as EvalRecord; // written by trainRun
    if (evaluation && last.tokens !== undefined) break;
  }
  return { last, ...(evaluation ? { evaluation } : {}) };
}

function tailOf(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, TAIL));
    const read = readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8', 0, read);
  } finally {
    closeSync(fd);
  }
}

function parsed(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The entries that are there. */
function defined<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined)) as ReturnType<typeof defined<T>>; // what is left is defined
}

/** The entries that are finite numbers. */
function numbers<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: number } {
  return Object.fromEntries(Object.entries(values).filter(([, v]) => Number.isFinite(v))) as {
    [K in keyof T]?: number;
  };
}
