// Runs as jobs of a Ray cluster, through its REST interface.
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { LauncherError, SweepError } from '../errors.ts';
import type { Launcher, LaunchTask, TaskState } from './launcher.ts';
import { quoted } from './slurmText.ts';

export interface RayOptions {
  /** Of the head's dashboard; default: `RAY_ADDRESS`, else `http://127.0.0.1:8265`. */
  readonly address?: string;
  /** Jobs at a time, default 4: Ray gives up jobs that wait long for a place, so the driver does the queueing. */
  readonly parallel?: number;
  /** Of each job, as `entrypoint_resources`: `{ "accelerator_type:A100": 1 }`. */
  readonly resources?: Readonly<Record<string, number>>;
  /** GPUs of each job. */
  readonly gpus?: number;
  /** Of every request, such as one with a token. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds between two looks, default 2000. */
  readonly pollMs?: number;
}

/** So many looks in a row may fail, as when the head is restarted, before the sweep gives up. */
const PATIENCE = 60;
/** Milliseconds a request may take. */
const REQUEST_MS = 30_000;

const details = z.looseObject({
  status: z.enum(['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'STOPPED']),
  message: z.string().nullish(),
  driver_exit_code: z.number().nullish(),
});

/**
 * Submits a job for each task. Files must lie where all nodes see them, and Node must be on all of them. Ray gives a job that is
 * stopped a few seconds to save, and kills it then. Jobs outlive the driver; the same sweep command finds them again.
 * @throws SweepError for options out of range
 */
export function ray(options: RayOptions = {}): Launcher {
  const { parallel = 4, pollMs = 2000, headers = {}, resources, gpus } = options;
  const address = (options.address ?? process.env.RAY_ADDRESS ?? 'http://127.0.0.1:8265').replace(/\/+$/, '');
  if (!/^https?:\/\//.test(address)) {
    throw new SweepError(`ray: the address must be that of the dashboard, such as http://head:8265 (got ${address})`);
  }
  if (!Number.isSafeInteger(parallel) || parallel < 1) {
    throw new SweepError(`ray: parallel must be a whole number >= 1 (got ${parallel})`);
  }
  const failures = new Map<string, number>();

  const request = async (url: string, body?: object): Promise<Reply> => {
    try {
      return await send(url, headers, body);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new LauncherError(`ray: no answer from ${address}: ${why}; start a head, or give its --ray-address`, {
        cause: error,
      });
    }
  };

  const submit = async ({ name, argv, log, threads }: LaunchTask): Promise<string> => {
    const command = `exec >>${quoted(log)} 2>&1 </dev/null; exec ${argv.map(quoted).join(' ')}`;
    const handle = `${address}/api/jobs/${encodeURIComponent(name)}`;
    const reply = await request(`${address}/api/jobs/`, {
      entrypoint: command,
      submission_id: name,
      entrypoint_num_cpus: threads,
      ...(gpus === undefined ? {} : { entrypoint_num_gpus: gpus }),
      ...(resources === undefined ? {} : { entrypoint_resources: resources }),
      metadata: { launcher: 'looplab' },
    });
    if (reply.status === 200) return handle;
    const said = reply.text.trim().split('\n').at(-1) ?? '';
    throw new LauncherError(`ray: ${address} refused job ${name} with ${reply.status}: ${said}`);
  };

  const stateOf = async (handle: string): Promise<TaskState> => {
    if (!URL.canParse(handle)) return { state: 'ended' };
    try {
      const reply = await request(handle);
      if (reply.status === 404) return { state: 'ended', reason: 'Ray does not know its job any more' };
      if (reply.status !== 200) throw new LauncherError(`ray: ${handle} answered ${reply.status}`);
      const { status, message, driver_exit_code: code } = details.parse(JSON.parse(reply.text));
      failures.delete(handle);
      if (status === 'PENDING') return { state: 'queued' };
      if (status === 'RUNNING') return { state: 'running' };
      if (code !== undefined && code !== null) {
        return { state: 'ended', ...(code < 0 ? { signal: `signal ${-code}` } : { code }) };
      }
      return { state: 'ended', ...(status === 'FAILED' && message ? { reason: message } : {}) };
    } catch (error) {
      const count = (failures.get(handle) ?? 0) + 1;
      failures.set(handle, count);
      if (count > PATIENCE) throw error;
      return { state: 'running' }; // not known to be over
    }
  };

  return {
    id: 'ray',
    slots: parallel,
    outlives: true,
    submit: (tasks) => Promise.all(tasks.map(submit)),
    poll: (handles) => Promise.all(handles.map(stateOf)),
    stop: async (handles) => {
      // a job that has ended meanwhile, or is not known, needs no stopping
      const known = handles.filter((handle) => URL.canParse(handle));
      await Promise.all(known.map((handle) => request(`${handle}/stop`, {}).catch(() => undefined)));
    },
    wait: (ms) => sleep(Math.max(ms, pollMs)),
    close: async () => {},
  };
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

/** A GET, or a POST with a body. Not by `fetch`, whose headers Ray takes for those of a browser, which it refuses. */
function send(url: string, headers: Readonly<Record<string, string>>, body?: object): Promise<Reply> {
  const { request } = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request(
      url,
      { method, headers: { 'content-type': 'application/json', ...headers }, timeout: REQUEST_MS },
      (reply) => {
        let text = '';
        reply.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text }));
        reply.on('error', reject);
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`it was silent for ${REQUEST_MS / 1000} s`)));
    sent.on('error', reject);
    sent.end(body === undefined ? '' : JSON.stringify(body));
  });
}
