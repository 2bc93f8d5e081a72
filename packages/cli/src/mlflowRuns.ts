// Sends run folders to an MLflow server that is there, or to one that is started for them.
import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  experimentFromEnvironment,
  findMlflow,
  findRuns,
  MlflowClient,
  MlflowRunsError,
  MlflowServerError,
  type MlflowSettings,
  type SyncedRun,
  settingsFromEnvironment,
  startServer,
  syncRuns,
} from '@looplab/mlflow';
import { columns } from './columns.ts';
import { InputError, UsageError } from './errors.ts';
import { makeFolder } from './makeFolder.ts';

/** Which runs: what was named, or all in a folder. */
interface WhichRuns {
  readonly runs: readonly string[];
  readonly results: string;
}

/** Some runs could not be sent; the others were. */
class SyncFailedError extends Error {
  override readonly name = 'SyncFailedError';
  readonly exitCode = 1;
}

/**
 * `looplab mlflow sync`.
 * @throws UsageError without an address, InputError for runs that are not there, MlflowError, SyncFailedError
 */
export async function syncToServer(options: WhichRuns & { uri: string | undefined; json: boolean }): Promise<void> {
  const settings = settingsFromEnvironment(process.env, options.uri ?? process.env.MLFLOW_TRACKING_URI);
  if (settings === undefined) {
    throw new UsageError(
      'no server is named; set MLFLOW_TRACKING_URI, give --uri, or start one with: looplab mlflow ui',
    );
  }
  const dirs = foldersOf(options);
  const progress = process.stderr.isTTY ? progressLine(dirs.length) : undefined;
  const done = await syncRuns(new MlflowClient(settings), dirs, {
    experiment: experimentFromEnvironment(process.env),
    ...(progress ? { onRun: progress } : {}),
  });
  const failed = done.filter((run) => run.outcome === 'failed');
  if (options.json) process.stdout.write(`${JSON.stringify(done)}\n`);
  else process.stdout.write(summary(done, settings));
  if (failed.length > 0) {
    throw new SyncFailedError(
      [
        `${failed.length} of ${done.length} runs could not be sent:`,
        ...failed.map((r) => `  ${r.dir}: ${r.error}`),
      ].join('\n'),
    );
  }
}

/**
 * `looplab mlflow ui`: serves until Ctrl-C or SIGTERM and sends what changes in the run folders.
 * @throws InputError for runs that are not there, MlflowServerError
 */
export async function serveRuns(options: WhichRuns & { port: number }): Promise<void> {
  makeFolder(options.results);
  foldersOf(options, true);
  const mlflow = findMlflow(join(import.meta.dirname, '../../../.cache'), process.env);
  const stop = new AbortController();
  let hasDied = false;
  const end = (): void => stop.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    process.stderr.write(`starting ${mlflow.what}; the first time takes a while\n`);
    const folder = join(options.results, '.mlflow');
    const server = await startServer({ mlflow, folder, port: options.port, signal: stop.signal });
    void server.ended.then(() => {
      hasDied = !stop.signal.aborted;
      stop.abort();
    });
    process.stdout.write(`${server.uri}\n`);
    process.stderr.write('Open that address in a browser; Ctrl-C ends it.\n');
    // of the local server's address; the environment may be meant for another one
    const settings = settingsFromEnvironment({}, server.uri);
    if (settings) await keepUp(options, settings, stop.signal);
    if (hasDied) throw new MlflowServerError(`the server has ended by itself; its log is ${server.log}`);
    await server.stop();
  } catch (error) {
    if (hasDied || !(error instanceof MlflowServerError && stop.signal.aborted)) throw error;
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}

/** Milliseconds between two looks at the run folders. */
const LOOK_EVERY = 3000;

/** Sends the runs that are new or changed, again and again. */
async function keepUp(which: WhichRuns, settings: MlflowSettings, signal: AbortSignal): Promise<void> {
  const client = new MlflowClient({ ...settings, signal });
  const seen = new Map<string, string>();
  const complained = new Set<string>();
  const complain = (line: string): void => {
    if (!complained.has(line)) process.stderr.write(`${line}\n`);
    complained.add(line);
  };
  while (!signal.aborted) {
    const changed = foldersOf(which, true)
      .map((dir) => ({ dir, now: signOf(dir) }))
      .filter(({ dir, now }) => seen.get(dir) !== now);
    try {
      const done = await syncRuns(
        client,
        changed.map(({ dir }) => dir),
        { signal },
      );
      for (const { dir, now } of changed) seen.set(dir, now);
      for (const { dir, error, outcome } of done) if (outcome === 'failed') complain(`${dir}: ${error}`);
      const sent = done.filter(({ outcome }) => outcome !== 'same' && outcome !== 'failed').length;
      if (sent > 0) process.stderr.write(`${sent} ${sent === 1 ? 'run' : 'runs'} brought up to date\n`);
    } catch (error) {
      if (!signal.aborted) complain(error instanceof Error ? error.message : String(error));
    }
    await pause(LOOK_EVERY, undefined, { signal }).catch(() => undefined);
  }
}

/** Changes whenever there is something to send. */
function signOf(dir: string): string {
  return ['metrics.jsonl', 'status.json', 'artifacts', 'artifacts/analysis']
    .map((name) => statSync(join(dir, name), { throwIfNoEntry: false }))
    .map((stat) => (stat ? `${stat.mtimeMs} ${stat.size}` : ''))
    .join(' ');
}

/** @param mayBeEmpty whether a folder without runs will do: they may come later */
function foldersOf({ runs, results }: WhichRuns, mayBeEmpty = false): string[] {
  const within = (folder: string): string[] => {
    try {
      return findRuns(folder);
    } catch (error) {
      if (mayBeEmpty && error instanceof MlflowRunsError && existsSync(folder)) return [];
      throw error;
    }
  };
  if (runs.length === 0) return within(results);
  const found = runs.flatMap((name) => {
    if (existsSync(name)) return within(name);
    const byId = within(results).filter((dir) => basename(resolve(dir)) === name);
    if (byId.length > 0) return byId;
    throw new InputError(
      `there is no folder ${name} and no run of that id in ${results}; see ${results}/<study>/ for ids`,
    );
  });
  return [...new Set(found)];
}

function summary(done: readonly SyncedRun[], { uri }: MlflowSettings): string {
  const sent = done.filter((run) => run.outcome !== 'same' && run.outcome !== 'failed');
  const same = done.filter((run) => run.outcome === 'same').length;
  const rows = sent.map((run) => [run.dir, run.outcome, String(run.points), String(run.files)]);
  const table = rows.length > 0 ? `${columns(['run', '', 'points', 'files'], rows, [2, 3])}\n` : '';
  return `${table}${sent.length} sent to ${uri}, ${same} up to date\n`;
}

function progressLine(total: number): (run: SyncedRun) => void {
  let count = 0;
  return ({ dir }) => {
    count++;
    process.stderr.write(`\r\x1b[K${count === total ? '' : `${count}/${total} ${dir}`}`);
  };
}
