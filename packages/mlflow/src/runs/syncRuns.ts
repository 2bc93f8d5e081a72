// Brings a server up to date with many run folders.
import { messageOf } from '../errors.ts';
import type { MlflowClient, Run } from '../rest/client.ts';
import { Destination, type ExperimentChoice } from './destination.ts';
import { projectRun } from './projectRun.ts';
import { readFacts } from './runFolder.ts';
import { type Sent, sendRun } from './sendRun.ts';
import { shownRuns } from './serverRun.ts';

/** What became of one run folder. */
export interface SyncedRun {
  readonly dir: string;
  readonly runId?: string;
  /** The run's id at the server. */
  readonly mlflowRunId?: string;
  /** `new`, `replaced` (its metrics had been rewritten), `updated`, `same` or `failed`. */
  readonly outcome: 'new' | 'replaced' | 'updated' | 'same' | 'failed';
  readonly points: number;
  readonly files: number;
  readonly error?: string;
}

export interface SyncOptions {
  readonly experiment?: ExperimentChoice;
  /** Told of each run as it is done. */
  readonly onRun?: (run: SyncedRun) => void;
  /** Ends the work between two requests. */
  readonly signal?: AbortSignal;
}

/**
 * Sends what the server does not have of these run folders; see {@link sendRun}. A folder that cannot be read is reported and
 * does not keep the others back.
 * @throws MlflowUnreachableError, MlflowAuthError, MlflowReplyError, MlflowSettingsError, which would meet every other run too
 */
export async function syncRuns(
  client: MlflowClient,
  dirs: readonly string[],
  options: SyncOptions = {},
): Promise<SyncedRun[]> {
  const to = new Destination(client, options.experiment);
  /** Asked once an experiment, not once a run. */
  const known = new Map<string, Map<string, Run[]>>();
  const done: SyncedRun[] = [];
  for (const dir of dirs) {
    options.signal?.throwIfAborted();
    const result = await syncRun(to, dir, known);
    options.onRun?.(result);
    done.push(result);
  }
  await to.settleSweeps();
  return done;
}

async function syncRun(to: Destination, dir: string, known: Map<string, Map<string, Run[]>>): Promise<SyncedRun> {
  let runId: string | undefined;
  try {
    const facts = readFacts(dir);
    runId = facts.id;
    const id = await to.experimentFor(projectRun(facts).experiment);
    const runs = known.get(id) ?? (await shownRuns(to.client, id));
    known.set(id, runs);
    const sent = await sendRun(to, dir, { candidates: runs.get(facts.id) ?? [] });
    return {
      dir,
      runId,
      mlflowRunId: sent.shown.run.id,
      outcome: outcomeOf(sent),
      points: sent.points,
      files: sent.files,
    };
  } catch (error) {
    if (isFatal(error)) throw error;
    const failed = { outcome: 'failed', points: 0, files: 0, error: messageOf(error) } as const;
    return { dir, ...(runId === undefined ? {} : { runId }), ...failed };
  }
}

const FATAL = new Set(['MlflowUnreachableError', 'MlflowAuthError', 'MlflowReplyError', 'MlflowSettingsError']);

function isFatal(error: unknown): boolean {
  return !(error instanceof Error) || FATAL.has(error.name);
}

function outcomeOf({ isNew, isReplaced, isChanged }: Sent): SyncedRun['outcome'] {
  if (isNew) return 'new';
  if (isReplaced) return 'replaced';
  return isChanged ? 'updated' : 'same';
}
