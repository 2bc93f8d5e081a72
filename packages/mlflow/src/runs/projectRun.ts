// What MLflow is to show of a run folder: pure functions from its files to parameters, tags, metrics and a status.
import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import type { Metric } from '../rest/client.ts';
import { limits, safeKey } from '../rest/limits.ts';
import type { MlflowRunStatus } from '../rest/schemas.ts';
import type { RunFacts } from './runFolder.ts';

/** Tags by which we know our own; everything else of a run at the server belongs to the people who use it. */
export const tagNames = {
  runId: 'looplab.run_id',
  status: 'looplab.status',
  error: 'looplab.error',
  sweep: 'looplab.sweep',
  /** How much of `metrics.jsonl` the server has: bytes and a hash of the last of them. */
  metrics: 'looplab.metrics',
  /** Hash of the list of files stored as artifacts. */
  files: 'looplab.files',
} as const;

/** A run as the server should have it, metrics and files apart. */
export interface RunProjection {
  /** The study's name; the experiment's too unless another one is chosen. */
  readonly experiment: string;
  readonly name: string;
  readonly startTime: number;
  readonly params: Readonly<Record<string, string>>;
  /** Set when the run is made and left alone afterwards, as people may edit them. */
  readonly firstTags: Readonly<Record<string, string>>;
  /** Kept as they are here. */
  readonly tags: Readonly<Record<string, string>>;
  readonly status: MlflowRunStatus;
  /** Present if the run is over. */
  readonly endTime?: number;
}

/** Every status a run folder may have, in MLflow's words; `looplab.status` keeps our own. */
const statuses: Readonly<Record<string, MlflowRunStatus>> = {
  planned: 'SCHEDULED',
  queued: 'SCHEDULED',
  running: 'RUNNING',
  preempted: 'SCHEDULED',
  finished: 'FINISHED',
  failed: 'FAILED',
  diverged: 'FAILED',
  cancelled: 'KILLED',
  pruned: 'KILLED',
};

export function mlflowStatus(status: string): MlflowRunStatus {
  return statuses[status] ?? 'RUNNING';
}

export function isOver(status: MlflowRunStatus): boolean {
  return status === 'FINISHED' || status === 'FAILED' || status === 'KILLED';
}

export function projectRun(facts: RunFacts): RunProjection {
  const { config, manifest, status, overrides, startedAt } = facts;
  const { study = 'untitled', variant, seed } = config;
  const label = variant ?? (idOf(config.strategy) || study);
  const state = mlflowStatus(status.status);
  const ended = Date.parse(status.updatedAt ?? '');
  const { git } = manifest;
  return {
    experiment: study,
    name: seed === undefined ? label : `${label} seed ${seed}`,
    startTime: startedAt,
    params: {
      ...flatParams(config),
      ...(manifest.params === undefined ? {} : { parameters: String(manifest.params) }),
    },
    firstTags: {
      'mlflow.source.name': `looplab ${study}`,
      'mlflow.source.type': 'LOCAL',
      'mlflow.user': userName(),
      ...(git ? { 'mlflow.source.git.commit': git.sha } : {}),
    },
    tags: {
      [tagNames.runId]: facts.id,
      [tagNames.status]: status.status,
      ...optionalTag(tagNames.error, status.error),
      ...optionalTag('looplab.device', manifest.device),
      ...optionalTag('looplab.node', manifest.node),
      ...optionalTag('looplab.cpu', manifest.cpu),
      ...optionalTag('looplab.git.dirty', git ? String(git.dirty) : undefined),
      ...optionalTag('looplab.overrides', overrides.length === 0 ? undefined : overrides.join(' ')),
    },
    status: state,
    ...(isOver(state) ? { endTime: Number.isNaN(ended) ? startedAt : ended } : {}),
  };
}

function idOf(plugin: unknown): string {
  if (typeof plugin !== 'object' || plugin === null) return '';
  const id: unknown = Reflect.get(plugin, 'id');
  return typeof id === 'string' ? id : '';
}

function optionalTag(key: string, value: string | undefined): Record<string, string> {
  return value === undefined || value === '' ? {} : { [key]: [...value].slice(0, limits.tagLength).join('') };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown'; // a container may run under a number that has no name
  }
}

/**
 * A configuration as flat parameters: `model.dModel`, `stages.0.name`. A value too long for MLflow becomes its hash; `config.json`
 * among the artifacts has it whole.
 */
export function flatParams(config: object): Record<string, string> {
  const params: Record<string, string> = {};
  const walk = (value: unknown, path: string): void => {
    if (value === undefined) return;
    const isNested = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
    const isList = Array.isArray(value) && value.every((v) => typeof v !== 'object' || v === null);
    if (isNested && !isList) {
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`);
      return;
    }
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    params[safeKey(path)] = shortened(text);
  };
  walk(config, '');
  return params;
}

function shortened(text: string): string {
  const { length } = [...text];
  if (length <= limits.paramLength) return text;
  return `sha256:${createHash('sha256').update(text).digest('hex')} (${length} characters, see config.json)`;
}

/** Fields of a line of `metrics.jsonl` that say when and what it is about. */
const NOT_METRICS = new Set(['step', 'time', 'kind']);

/**
 * The points of a line of `metrics.jsonl`: `train/loss`, `train/terms/entropy`, `eval/accuracyPerLoop/01` (after loop 1). Their
 * time is the run's start plus the line's seconds of training, so that the same line gives the same points whenever it is sent.
 */
export function pointsOf(record: Readonly<Record<string, unknown>>, startTime: number): Metric[] {
  const { step, time, kind } = record;
  if (typeof step !== 'number' || !Number.isSafeInteger(step)) return [];
  const timestamp = Math.trunc(startTime + (typeof time === 'number' ? 1000 * time : 0));
  const points: Metric[] = [];
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'number') points.push({ key: safeKey(path), value, timestamp, step });
    // JSON has no NaN and no infinities: what was one of them stands there as null
    else if (value === null) points.push({ key: safeKey(path), value: Number.NaN, timestamp, step });
    else if (Array.isArray(value)) for (const [i, v] of value.entries()) walk(v, `${path}/${twoDigits(i + 1)}`);
    else if (typeof value === 'object') for (const [key, v] of Object.entries(value)) walk(v, `${path}/${key}`);
  };
  const prefix = typeof kind === 'string' ? `${kind}/` : '';
  for (const [name, value] of Object.entries(record)) if (!NOT_METRICS.has(name)) walk(value, `${prefix}${name}`);
  return points;
}

/** Loops sort as text at the server: `02` before `10`. */
function twoDigits(n: number): string {
  return String(n).padStart(2, '0');
}
