// A sweep's folder: what it is, every decision and result that led to another, and who is driving it.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  acquireRunLock,
  isLocked,
  JsonLines,
  makeFolder,
  type RunLock,
  RunLockedError,
  readJson,
  readJsonLines,
  sameRun,
  truncateJsonLines,
  writeJsonAtomic,
} from '@looplab/train';
import { z } from 'zod';
import { SweepError, SweepLockedError } from '../errors.ts';
import type { SweepPlan, SweepSpec } from '../plan/sweepPlan.ts';
import type { Suggestion } from '../search/search.ts';

/** What `sweep.json` holds; it is written before the first run and never changed. */
export interface SweepManifest {
  readonly id: string;
  readonly spec: SweepSpec;
  /** The study's file, so that `looplab sweep retry` finds it; null for a study that is in no file. */
  readonly source: string | null;
  readonly createdAt: string;
}

/** A suggestion and the runs it stands for. */
export interface JobRecord extends Suggestion {
  readonly kind: 'job';
  /** Its number, from 0. */
  readonly job: number;
  readonly runs: readonly { readonly run: string; readonly seed: number; readonly variant?: string }[];
}

/** The result of a job, as the search was told; kept so that what it led to stays explained whatever becomes of the runs. */
export interface OutcomeRecord {
  readonly kind: 'outcome';
  readonly job: number;
  readonly score: number | null;
  readonly curves?: readonly (readonly (readonly [step: number, score: number])[])[];
}

/** A person gave a run up. */
interface PruneRecord {
  readonly kind: 'prune';
  readonly run: string;
}

/** A line of `journal.jsonl`. */
export type JournalRecord = JobRecord | OutcomeRecord | PruneRecord;

/** What somebody asks of the process that drives a sweep: a file in `requests/`. */
export type SweepRequest = { readonly do: 'cancel' } | { readonly do: 'prune'; readonly runs: readonly string[] };

const score = z.number().nullable();
const curve = z.array(z.tuple([z.number(), z.number()]).readonly()).readonly();
const run = z.object({ run: z.string(), seed: z.number(), variant: z.string().exactOptional() });
const journalLine = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('job'),
    job: z.int().min(0),
    trial: z.int().min(0),
    point: z.record(z.string(), z.json()),
    until: z.int().exactOptional(),
    rung: z.int().exactOptional(),
    limits: curve.exactOptional(),
    runs: z.array(run),
  }),
  z.object({ kind: z.literal('outcome'), job: z.int().min(0), score, curves: z.array(curve).exactOptional() }),
  z.object({ kind: z.literal('prune'), run: z.string() }),
]);
const request = z.discriminatedUnion('do', [
  z.object({ do: z.literal('cancel') }),
  z.object({ do: z.literal('prune'), runs: z.array(z.string()) }),
]);

/** Where a sweep's folder is. */
export function sweepDir(results: string, study: string, id: string): string {
  return join(results, study, 'sweeps', id);
}

/** `sweep.json`; undefined if there is none or it is damaged. */
export function readManifest(dir: string): SweepManifest | undefined {
  const value = readJson(join(dir, 'sweep.json')) as Partial<SweepManifest> | undefined; // written by SweepFolder
  return value?.id !== undefined && value.spec !== undefined ? (value as SweepManifest) : undefined;
}

/** The decisions and results of a sweep so far; of a line that was torn or is not one of ours nothing is read, nor what follows it. */
export function readJournal(dir: string): JournalRecord[] {
  const records: JournalRecord[] = [];
  for (const line of readJsonLines(join(dir, 'journal.jsonl'))) {
    const parsed = journalLine.safeParse(line);
    if (!parsed.success) break;
    records.push(parsed.data as JournalRecord); // JSON that was checked; zod's own type of JSON is mutable
  }
  return records;
}

/** A sweep's folder in the hands of the process that drives it; nobody else may until `close`. */
export class SweepFolder {
  readonly dir: string;
  /** What was in the journal. */
  readonly past: readonly JournalRecord[];
  readonly #lock: RunLock;
  readonly #journal: JsonLines;

  /**
   * Makes the folder with `sweep.json`, or takes it up again.
   * @throws SweepLockedError if another process drives the sweep, RunFolderError if nothing can be written, SweepError if the
   * folder holds another sweep
   */
  constructor(results: string, plan: SweepPlan) {
    this.dir = sweepDir(results, plan.study.name, plan.id);
    for (const part of ['tasks', 'requests']) makeFolder(join(this.dir, part));
    this.#lock = lockSweep(this.dir, plan.id);
    try {
      const known = readManifest(this.dir);
      if (known && !sameRun(known.spec, plan.spec)) {
        throw new SweepError(`${this.dir} holds another sweep with the same id; change one setting by a little`);
      }
      if (known === undefined) {
        const manifest: SweepManifest = {
          id: plan.id,
          spec: plan.spec,
          source: plan.source ?? null,
          createdAt: new Date().toISOString(),
        };
        writeJsonAtomic(join(this.dir, 'sweep.json'), manifest);
      }
      this.#journal = openJournal(this.dir);
      this.past = readJournal(this.dir);
    } catch (error) {
      this.#lock.release();
      throw error;
    }
  }

  /** Appends to the journal; on disk when it returns. */
  record(records: readonly JournalRecord[]): void {
    append(this.#journal, records);
  }

  /** Tells other machines that the driver is alive. */
  refresh(): void {
    this.#lock.refresh();
  }

  /** What was asked since the last call. */
  takeRequests(): SweepRequest[] {
    const folder = join(this.dir, 'requests');
    const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
    return names.sort().flatMap((name) => {
      const parsed = request.safeParse(readJson(join(folder, name)));
      rmSync(join(folder, name), { force: true });
      return parsed.success ? [parsed.data] : [];
    });
  }

  close(): void {
    this.#journal.close();
    this.#lock.release();
  }
}

/** Appends to the journal of a sweep that the caller has locked; on disk when it returns. */
export function appendJournal(dir: string, records: readonly JournalRecord[]): void {
  const journal = openJournal(dir);
  try {
    append(journal, records);
  } finally {
    journal.close();
  }
}

/** The journal, rid of what a crash may have torn at its end. */
function openJournal(dir: string): JsonLines {
  const path = join(dir, 'journal.jsonl');
  truncateJsonLines(path, (line) => journalLine.safeParse(line).success);
  return new JsonLines(path);
}

function append(journal: JsonLines, records: readonly JournalRecord[]): void {
  if (records.length === 0) return;
  for (const record of records) journal.append(record);
  journal.sync();
}

/** @throws SweepLockedError, RunFolderError */
export function lockSweep(dir: string, id: string): RunLock {
  try {
    return acquireRunLock(join(dir, 'sweep.lock'));
  } catch (error) {
    if (!(error instanceof RunLockedError)) throw error;
    const owner = readJson(join(dir, 'sweep.lock')) as { pid?: number; host?: string } | undefined; // written by acquireRunLock
    throw new SweepLockedError(
      `process ${owner?.pid ?? '?'} on ${owner?.host ?? '?'} is driving sweep ${id}; wait for it, or stop it with: looplab sweep cancel ${id}`,
      { cause: error },
    );
  }
}

/** Whether a process drives the sweep. */
export function isDriven(dir: string): boolean {
  return isLocked(join(dir, 'sweep.lock'));
}

/** Leaves a request for the process that drives the sweep; it is read within a second. */
export function leaveRequest(dir: string, what: SweepRequest): void {
  const name = `${Date.now()}-${crypto.randomUUID()}.json`;
  writeJsonAtomic(join(dir, 'requests', name), what);
}
