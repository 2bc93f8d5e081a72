// Runs on this machine: a process each, so many at a time.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { RunFolderError, systemReason } from '@looplab/train';
import { SweepError } from '../errors.ts';
import type { Launcher, LaunchTask, TaskState } from './launcher.ts';

export interface LocalOptions {
  /** Processes at a time; default: one for each core, divided by `threads`. */
  readonly workers?: number;
  /** Threads of each; default 1: small models gain nothing from more, and several at once use the cores better. */
  readonly threads?: number;
}

interface Child {
  readonly process: ChildProcess;
  state: TaskState;
}

/**
 * Starts a process for each task and keeps at most `workers` of them. They are bound to the driver: when it is gone, however it
 * went, they save and end.
 * @throws SweepError for options out of range
 */
export function local(options: LocalOptions = {}): Launcher {
  const { threads = 1 } = options;
  const slots = options.workers ?? Math.max(1, Math.floor(availableParallelism() / threads));
  for (const [name, value] of Object.entries({ workers: slots, threads })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new SweepError(`local: ${name} must be a whole number >= 1 (got ${value})`);
    }
  }
  const children = new Map<string, Child>();
  let waiting: (() => void) | undefined;
  let hasChanged = false;
  const changed = (): void => {
    hasChanged = true;
    waiting?.();
  };

  const start = (task: LaunchTask): string => {
    const child: Child = { process: spawnTask(task), state: { state: 'running' } };
    const handle = `${task.name}-${child.process.pid ?? 'none'}`;
    const end = (state: TaskState): void => {
      child.state = state;
      changed();
    };
    child.process.on('error', (error) => end({ state: 'ended', reason: systemReason(error) }));
    child.process.on('exit', (code, signal) =>
      end({ state: 'ended', ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) }),
    );
    children.set(handle, child);
    return handle;
  };

  return {
    id: 'local',
    slots,
    outlives: false,
    submit: async (tasks) => tasks.map(start),
    poll: async (handles) =>
      handles.map((handle) => {
        const state = children.get(handle)?.state ?? { state: 'ended', reason: 'its driver is gone' };
        if (state.state === 'ended') children.delete(handle);
        return state;
      }),
    stop: async (handles, { force = false } = {}) => {
      for (const handle of handles) children.get(handle)?.process.kill(force ? 'SIGKILL' : 'SIGTERM');
    },
    wait: async (ms) => {
      if (!hasChanged) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          waiting = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        waiting = undefined;
      }
      hasChanged = false;
    },
    close: async () => {
      for (const { process: child } of children.values()) if (child.connected) child.disconnect();
      children.clear();
    },
  };
}

/** A session of its own, so that a Ctrl-C in the terminal reaches the driver only, which then asks for a clean end. */
function spawnTask({ argv, log }: LaunchTask): ChildProcess {
  const [program = process.execPath, ...args] = argv;
  let out: number;
  try {
    out = openSync(log, 'a');
  } catch (error) {
    throw new RunFolderError(`cannot write ${log}: ${systemReason(error)}`, { cause: error });
  }
  try {
    // The channel carries nothing; its end tells the child that the driver is gone.
    return spawn(program, args, {
      stdio: ['ignore', out, out, 'ipc'],
      detached: true,
    });
  } finally {
    closeSync(out);
  }
}
