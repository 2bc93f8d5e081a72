// Streams a run to the server while it trains, without ever making the training wait or fail.
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import { MlflowClient } from '../rest/client.ts';
import type { HttpOptions } from '../rest/http.ts';
import { Destination, type ExperimentChoice } from './destination.ts';
import { type Shown, sendRun } from './sendRun.ts';

export interface FollowOptions {
  readonly http: HttpOptions;
  readonly experiment?: ExperimentChoice;
  /** Told once when the server fails (`lost`), and once when it has everything again (`back`). */
  readonly report?: (line: string, what: 'lost' | 'back') => void;
  /** Least time between two sends, in milliseconds. Default 1000. */
  readonly interval?: number;
  /** First and longest pause after a failure, in milliseconds. Default 1000 and 60,000. */
  readonly pauses?: readonly [first: number, longest: number];
}

/** A run folder that is being sent. */
export interface RunFollower {
  /** Says that the folder has news; returns at once. */
  changed(): void;
  /**
   * Sends what is left, files too, for at most `limitMs` (default 10 s; 2 s if the server failed the last time). What could not
   * be sent stays in the folder for `looplab mlflow sync`.
   * @returns whether the server has everything
   */
  finish(limitMs?: number): Promise<boolean>;
}

/** Milliseconds a run that is over waits for the server, and for one that failed the last time. */
const LAST_CHANCE_MS = 10_000;
const LAST_CHANCE_FAILED_MS = 2000;

/** Follows the run folder `dir`. The folder itself is the queue: what the server misses is read from there when it can be sent. */
export function followRun(dir: string, options: FollowOptions): RunFollower {
  const { report = () => {}, interval = 1000, pauses = [1000, 60_000] } = options;
  const stop = new AbortController();
  // one try at a time: the next one comes by itself, and a run that is over must not wait for many
  const client = new MlflowClient({ ...options.http, retries: Math.min(1, options.http.retries), signal: stop.signal });
  let to = new Destination(client, options.experiment);
  let shown: Shown | undefined;
  let isPending = false;
  let isOver = false;
  let failures = 0;
  let working: Promise<void> | undefined;
  const wake = new AbortController();

  /** One attempt; afterwards `shown` is what is surely there, or nothing is known. */
  const attempt = async (files: boolean): Promise<boolean> => {
    try {
      shown = (await sendRun(to, dir, { files, ...(shown ? { shown } : {}) })).shown;
      if (failures > 0) report(`${client.uri} can be reached again and has this run`, 'back');
      failures = 0;
      if (files) await to.settleSweeps();
      return true;
    } catch (error) {
      shown = undefined;
      to = new Destination(client, options.experiment);
      if (failures === 0) {
        const then = `${isOver ? 'What' : 'The run goes on; what'} is missing there can be sent with: looplab mlflow sync ${dir}`;
        report(`${messageOf(error)}. ${then}`, 'lost');
      }
      failures++;
      return false;
    }
  };

  const work = async (): Promise<void> => {
    while (isPending && !isOver) {
      isPending = false;
      const isSent = await attempt(false);
      if (!isSent) isPending = true;
      const wait = isSent ? interval : Math.min(pauses[1], pauses[0] * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
      // the pause keeps no process alive and ends when the run does
      await pause(wait, undefined, { ref: false, signal: wake.signal }).catch(() => undefined);
    }
  };

  return {
    changed() {
      isPending = true;
      if (isOver) return;
      working ??= work().finally(() => {
        working = undefined;
      });
    },
    async finish(limitMs = failures > 0 ? LAST_CHANCE_FAILED_MS : LAST_CHANCE_MS) {
      isOver = true;
      wake.abort();
      const timer = setTimeout(() => stop.abort(new Error(`no answer within ${limitMs / 1000} s`)), limitMs);
      try {
        await working;
        return await attempt(true);
      } finally {
        clearTimeout(timer);
        stop.abort();
      }
    },
  };
}
