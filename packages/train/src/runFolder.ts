// A run's folder: its configuration, its logs and its status, written so that any moment of it can be copied and read.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeJsonAtomic } from './atomicFile.ts';
import { RunFolderError, type StopStatus, systemReason } from './errors.ts';
import { JsonLines, readJsonLines, truncateJsonLines } from './jsonLines.ts';
import { makeFolder } from './makeFolder.ts';
import { acquireRunLock, type RunLock } from './runLock.ts';

/** Where a run stands: waiting for a place, running, or how it ended. */
export type RunStatus = 'queued' | 'running' | 'finished' | 'failed' | 'diverged' | StopStatus;

/** What `status.json` holds. Steps count updates made. */
export interface StatusRecord {
  readonly status: RunStatus;
  readonly step: number;
  readonly steps: number;
  readonly startedAt: string;
  readonly updatedAt: string;
  readonly error?: string;
  /** Of a failure: whether the same run would fail again, or the machine was at fault. */
  readonly cause?: 'user' | 'infra';
}

/** A line of `metrics.jsonl` about the updates since the line before. Times are seconds of training, across resumes. */
export interface TrainRecord {
  readonly step: number;
  readonly time: number;
  readonly kind: 'train';
  /** Mean over the updates since the last line, in nats a token where the objective is a likelihood. */
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly lr: number;
  readonly gradNorm: number;
  readonly tokensPerSecond: number;
  /** Tokens read so far, and counted matrix-multiplication FLOPs so far. */
  readonly tokens: number;
  readonly flops: number;
  readonly stage?: string;
}

/** A line of `metrics.jsonl` about the held-out data. Index `t` of a list is the read-out after loop `t + 1`. */
export interface EvalRecord {
  readonly step: number;
  readonly time: number;
  readonly kind: 'eval';
  readonly accuracyPerLoop: readonly number[];
  /** Nats a token. */
  readonly lossPerLoop: readonly number[];
  /** Mean probability of leaving after each loop; sums to 1. Empty for a model without a halting gate. */
  readonly exitDistribution: readonly number[];
  /** Mean of the exit distribution, in loops; the full depth for a model without a gate. */
  readonly expectedLoops: number;
  /** At the depth the model was trained for. */
  readonly accuracy: number;
  readonly loss: number;
  readonly bitsPerByte?: number;
}

/** An open run folder. It is locked until `close`. */
export class RunFolder {
  readonly dir: string;
  readonly metrics: JsonLines;
  readonly events: JsonLines;
  readonly #lock: RunLock;
  readonly #startedAt: string;
  #lastSign = 0;

  /**
   * Makes the folder if needed and locks it.
   * @throws RunLockedError, RunFolderError
   */
  constructor(dir: string) {
    this.dir = dir;
    for (const part of ['checkpoints', 'artifacts']) makeFolder(join(dir, part));
    this.#lock = acquireRunLock(join(dir, 'run.lock'));
    try {
      // A crash may have torn the last line of either log; a new record must not be glued to it.
      truncateJsonLines(this.metricsPath, () => true);
      truncateJsonLines(this.eventsPath, () => true);
      this.metrics = new JsonLines(this.metricsPath);
      this.events = new JsonLines(this.eventsPath);
      this.#startedAt = readStatus(dir)?.startedAt ?? new Date().toISOString();
    } catch (error) {
      this.#lock.release();
      throw error;
    }
  }

  get metricsPath(): string {
    return join(this.dir, 'metrics.jsonl');
  }

  get eventsPath(): string {
    return join(this.dir, 'events.jsonl');
  }

  get checkpoints(): string {
    return join(this.dir, 'checkpoints');
  }

  /** Replaces a JSON file of the folder. */
  writeJson(name: string, value: unknown): void {
    writeJsonAtomic(join(this.dir, name), value);
  }

  /** After each update: at most once a second, says in `status.json` where the run is and that it is alive. */
  beat(step: number, steps: number): void {
    if (Date.now() - this.#lastSign >= 1000) this.writeStatus({ status: 'running', step, steps });
  }

  /** Replaces `status.json` and tells other machines that this process is alive. */
  writeStatus(record: Omit<StatusRecord, 'startedAt' | 'updatedAt'>): void {
    this.#lastSign = Date.now();
    this.#lock.refresh();
    const { error, cause, ...rest } = record;
    const full: StatusRecord = {
      ...rest,
      startedAt: this.#startedAt,
      updatedAt: new Date().toISOString(),
      ...(error === undefined ? {} : { error }),
      ...(cause === undefined ? {} : { cause }),
    };
    this.writeJson('status.json', full);
  }

  /** Appends to `events.jsonl` what happened, with the time of day. */
  event(name: string, facts: object = {}): void {
    this.events.append({ at: new Date().toISOString(), event: name, ...facts });
  }

  /** Appends a line to `log.txt`. */
  log(line: string): void {
    const path = join(this.dir, 'log.txt');
    try {
      appendFileSync(path, `${new Date().toISOString()} ${line}\n`);
    } catch (error) {
      throw new RunFolderError(`cannot write ${path}: ${systemReason(error)}`, { cause: error });
    }
  }

  /** Forgets the metrics of steps after `step`, which are going to be computed again. */
  rewindMetrics(step: number): void {
    const dropped = truncateJsonLines(this.metricsPath, (r) => typeof r.step === 'number' && r.step <= step);
    if (dropped > 0) this.event('rewound', { step, dropped });
  }

  close(): void {
    this.metrics.close();
    this.events.close();
    this.#lock.release();
  }
}

/** The status of the run in `dir`; undefined if there is none or it is unreadable. */
export function readStatus(dir: string): StatusRecord | undefined {
  return readJson(join(dir, 'status.json')) as StatusRecord | undefined; // written by writeStatus
}

/** The evaluations of the run in `dir`, oldest first. */
export function readEvaluations(dir: string): EvalRecord[] {
  const isEvaluation = (r: Record<string, unknown>): boolean => r.kind === 'eval';
  return readJsonLines(join(dir, 'metrics.jsonl')).filter(isEvaluation) as unknown as EvalRecord[]; // written by trainRun
}

/** A JSON file's value; undefined if it is absent or damaged. */
export function readJson(path: string): unknown {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
