// Starts `mlflow server` on this machine with everything it keeps in one folder.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { MlflowServerError } from '../errors.ts';
import type { MlflowCommand } from './findMlflow.ts';

export interface ServerOptions {
  readonly mlflow: MlflowCommand;
  /** Holds `mlflow.db`, `artifacts/` and `server.log`; made if needed. */
  readonly folder: string;
  readonly port: number;
  /** Seconds it may take to answer; the first start of a new folder makes a database. Default 120. */
  readonly limit?: number;
  /** Aborting it stops the server. */
  readonly signal?: AbortSignal;
}

/** A running server. */
export interface MlflowServer {
  readonly uri: string;
  readonly log: string;
  /** Fulfilled when the server is gone. */
  readonly ended: Promise<void>;
  /** Ends it, by force where it must be (SIGKILL). */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/**
 * Starts a server for this machine only (127.0.0.1) and waits until it answers.
 * @throws MlflowServerError if the port is taken, or with the end of its log if it does not start
 */
export async function startServer({ mlflow, folder, port, limit = 120, signal }: ServerOptions): Promise<MlflowServer> {
  const home = resolve(folder);
  if (await answers(port)) {
    throw new MlflowServerError(`port ${port} is in use; choose another one with --port`);
  }
  mkdirSync(join(home, 'artifacts'), { recursive: true });
  const log = join(home, 'server.log');
  const out = openSync(log, 'a');
  const child = spawn(
    mlflow.command,
    [
      ...mlflow.args,
      'server',
      ...['--backend-store-uri', `sqlite:///${join(home, 'mlflow.db')}`],
      ...['--artifacts-destination', pathToFileURL(join(home, 'artifacts')).href],
      ...['--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
    ],
    {
      stdio: ['ignore', out, out],
      // a group of its own: the server's worker processes end with it, and Ctrl-C reaches us first
      detached: true,
      env: {
        ...process.env,
        MLFLOW_TRACKING_URI: undefined,
        MLFLOW_DISABLE_TELEMETRY: 'true',
        DO_NOT_TRACK: 'true',
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
      },
    },
  );
  closeSync(out);
  let failure: string | undefined;
  const ended = new Promise<void>((done) => {
    child.once('error', (error) => {
      failure = error.message;
      done();
    });
    child.once('exit', () => done());
  });
  const stop = async (name: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => {
    endGroup(child, name);
    const late = setTimeout(() => endGroup(child, 'SIGKILL'), 5000);
    await ended;
    clearTimeout(late);
    // its workers end a moment later, or have to be made to
    for (const from = performance.now(); performance.now() - from < 5000 && (await answers(port)); await pause(20)) {
      endGroup(child, 'SIGKILL');
    }
  };
  const onAbort = (): void => void stop();
  const onExit = (): void => endGroup(child, 'SIGKILL');
  signal?.addEventListener('abort', onAbort);
  process.once('exit', onExit);
  void ended.then(() => {
    signal?.removeEventListener('abort', onAbort);
    process.off('exit', onExit);
  });

  const uri = `http://127.0.0.1:${port}`;
  const last = performance.now() + 1000 * limit;
  while (!(await isHealthy(uri))) {
    const isGone = child.exitCode !== null || child.signalCode !== null || failure !== undefined;
    if (isGone || performance.now() > last || signal?.aborted) {
      await stop(signal?.aborted ? 'SIGTERM' : 'SIGKILL');
      const why = failure ?? (isGone ? 'it ended' : signal?.aborted ? 'it was stopped' : `no answer within ${limit} s`);
      throw new MlflowServerError(`${mlflow.what} does not start: ${why}; the end of ${log}:\n${tail(log)}`);
    }
    await pause(100);
  }
  return { uri, log, ended, stop };
}

/** Whether anything listens on a port of this machine. */
function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

async function isHealthy(uri: string): Promise<boolean> {
  try {
    const reply = await fetch(`${uri}/health`, { signal: AbortSignal.timeout(2000) });
    return reply.ok && (await reply.text()) === 'OK';
  } catch {
    return false;
  }
}

function endGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // gone already
  }
}

function tail(path: string): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
}
