// A run folder as far as MLflow is concerned: its JSON files, and its metrics line by line from any place on.
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { MlflowRunsError } from '../errors.ts';

const config = z.looseObject({
  study: z.string().optional(),
  variant: z.string().optional(),
  seed: z.number().optional(),
});
const status = z.object({
  status: z.string(),
  step: z.number().optional(),
  startedAt: z.string().optional(),
  updatedAt: z.string().optional(),
  error: z.string().optional(),
});
const manifest = z.looseObject({
  runId: z.string().optional(),
  git: z.object({ sha: z.string(), dirty: z.boolean() }).nullish(),
  node: z.string().optional(),
  device: z.string().optional(),
  cpu: z.string().optional(),
  createdAt: z.string().optional(),
  params: z.number().optional(),
});

/** What is read of a run's JSON files. */
export interface RunFacts {
  readonly dir: string;
  readonly id: string;
  readonly config: z.output<typeof config>;
  readonly status: z.output<typeof status>;
  readonly manifest: z.output<typeof manifest>;
  readonly overrides: readonly string[];
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/**
 * @throws MlflowRunsError if `dir` is not a run folder
 */
export function readFacts(dir: string): RunFacts {
  const path = join(dir, 'config.json');
  if (!existsSync(path)) throw new MlflowRunsError(`${dir} is not a run folder: it has no config.json`);
  const read = <T extends z.ZodType>(name: string, schema: T, fallback: z.output<T>): z.output<T> => {
    const file = join(dir, name);
    if (!existsSync(file)) return fallback;
    const parsed = schema.safeParse(parseJson(file));
    if (parsed.success) return parsed.data;
    throw new MlflowRunsError(`${file} is not as a run leaves it: ${parsed.error.issues[0]?.message ?? 'unreadable'}`);
  };
  const facts = {
    config: read('config.json', config, {}),
    status: read('status.json', status, { status: 'running' }),
    manifest: read('manifest.json', manifest, {}),
    overrides: read('overrides.json', z.array(z.string()), []),
  };
  const started = Date.parse(facts.status.startedAt ?? facts.manifest.createdAt ?? '');
  const startedAt = Number.isNaN(started) ? Math.trunc(statSync(path).mtimeMs) : started;
  return { dir, id: facts.manifest.runId ?? basename(resolve(dir)), ...facts, startedAt };
}

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new MlflowRunsError(`${file} is not JSON; it may have been cut short: restore it or delete the folder`);
  }
}

/** A place in `metrics.jsonl` with a hash of what lies before it, by which it is recognised later. */
export interface Place {
  readonly bytes: number;
  readonly hash: string;
}

/** Bytes before a place that its hash covers: several lines, which hold times to the nanosecond. */
const COVERED = 4096;

/** The lines of a run's `metrics.jsonl`; the file may be growing. */
export class MetricsFile {
  readonly #path: string;

  constructor(dir: string) {
    this.#path = join(dir, 'metrics.jsonl');
  }

  /** Whether the file still holds what it held when `place` was the end of what had been read. */
  continues(place: Place): boolean {
    return place.bytes <= this.size() && this.placeAt(place.bytes).hash === place.hash;
  }

  size(): number {
    return existsSync(this.#path) ? statSync(this.#path).size : 0;
  }

  placeAt(bytes: number): Place {
    const covered = this.#read(Math.max(0, bytes - COVERED), bytes);
    return { bytes, hash: createHash('sha256').update(covered).digest('hex').slice(0, 16) };
  }

  /**
   * Whole lines from `from` on, at most about `most` bytes but at least one line if there is one, and where they end. Lines
   * that are no JSON objects are left out.
   */
  linesFrom(from: number, most = 1 << 20): { readonly records: Record<string, unknown>[]; readonly end: number } {
    const size = this.size();
    for (let length = most; from < size; length *= 2) {
      const bytes = this.#read(from, Math.min(size, from + length));
      const feed = bytes.lastIndexOf(10);
      if (feed >= 0) {
        const lines = bytes.toString('utf8', 0, feed).split('\n');
        return { records: lines.map(parseRecord).filter((r) => r !== undefined), end: from + feed + 1 };
      }
      if (from + length >= size) break; // the last line is still being written
    }
    return { records: [], end: from };
  }

  #read(start: number, end: number): Buffer {
    if (!existsSync(this.#path) || end <= start) return Buffer.alloc(0);
    const fd = openSync(this.#path, 'r');
    try {
      const buffer = Buffer.alloc(Math.min(end, fstatSync(fd).size) - start);
      let done = 0;
      while (done < buffer.length) {
        const count = readSync(fd, buffer, done, buffer.length - done, start + done);
        if (count === 0) break;
        done += count;
      }
      return buffer.subarray(0, done);
    } finally {
      closeSync(fd);
    }
  }
}

function parseRecord(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return z.record(z.string(), z.unknown()).safeParse(value).data;
  } catch {
    return undefined;
  }
}

/** A file of the run that belongs among its artifacts. */
export interface RunFile {
  /** With `/` between folders, below the run folder. */
  readonly path: string;
  readonly file: string;
  readonly bytes: number;
  readonly changedAt: number;
}

/** `config.json`, `overrides.json`, `manifest.json`, `log.txt` and everything under `artifacts/`; no checkpoints, no metrics. */
export function artifactFiles(dir: string): RunFile[] {
  const plots = join(dir, 'artifacts');
  const inside = existsSync(plots)
    ? readdirSync(plots, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    : [];
  const own = ['config.json', 'overrides.json', 'manifest.json', 'log.txt'].filter((name) =>
    existsSync(join(dir, name)),
  );
  return [...own, ...inside].sort().map((path) => {
    const file = join(dir, path);
    const { size, mtimeMs } = statSync(file);
    return { path: path.split(sep).join('/'), file, bytes: size, changedAt: Math.trunc(mtimeMs) };
  });
}

/** Folders inside a run that hold no runs. */
const INSIDE_A_RUN = new Set(['checkpoints', 'artifacts', 'node_modules']);

/**
 * The run folders in `folder`, itself included, at most four levels down, sorted. Hidden folders are passed over.
 * @throws MlflowRunsError if there is no such folder or no run in it
 */
export function findRuns(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new MlflowRunsError(`there is no folder ${folder}; name run folders, or a folder with runs such as results`);
  }
  const runs = search(folder, 4);
  if (runs.length === 0) {
    throw new MlflowRunsError(`no run in ${folder}: a run is a folder with a config.json and a status.json`);
  }
  return runs;
}

function search(dir: string, depth: number): string[] {
  if (existsSync(join(dir, 'config.json')) && existsSync(join(dir, 'status.json'))) return [dir];
  if (depth === 0) return [];
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !INSIDE_A_RUN.has(entry.name))
    .map((entry) => join(dir, entry.name))
    .sort()
    .flatMap((path) => search(path, depth - 1));
}
