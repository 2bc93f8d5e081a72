// Runs as job arrays of a Slurm cluster, through its own commands; works without an accounting database.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder } from '@looplab/train';
import { LauncherError, SweepError } from '../errors.ts';
import type { Launcher, LaunchTask, TaskState } from './launcher.ts';
import { arrayScript, jobEnd, parseQueue, type QueueEntry } from './slurmText.ts';

export interface SlurmOptions {
  /** Folder, seen by all nodes, for what jobs print before their run's log is open. Default `results/.slurm`. */
  readonly folder?: string;
  /** Runs at a time, at most; default: as many as the cluster lets run. */
  readonly parallel?: number;
  /** Time limit of a job in minutes, default 60: a run that needs longer is started again from its checkpoint. */
  readonly minutes?: number;
  /** Seconds before the limit at which a run is told to save, default 120; Slurm may do so up to a minute earlier. */
  readonly warnSeconds?: number;
  readonly partition?: string;
  readonly account?: string;
  readonly qos?: string;
  /** Of a job, as `--mem` takes it: `4G`. */
  readonly memory?: string;
  /** Of a job, as `--gpus` takes it. */
  readonly gpus?: string;
  /** Other flags of sbatch. */
  readonly flags?: readonly string[];
  /** Milliseconds between two looks at the queue, default 5000: controllers are shared. */
  readonly pollMs?: number;
}

/** Tasks of one array at most, whatever the cluster allows, so that the script stays small. */
const MOST = 1000;
/** So many looks in a row may fail, as when the controller is restarted, before the sweep gives up. */
const PATIENCE = 60;

/**
 * Submits tasks as job arrays. Before the time limit, or when a place is taken away, a run gets SIGUSR2: it saves, asks for another
 * start of its job, and goes on there. Jobs outlive the driver; the same sweep command finds them again.
 * @throws SweepError for options out of range
 */
export function slurm(options: SlurmOptions = {}): Launcher {
  const { folder = 'results/.slurm', minutes = 60, warnSeconds = 120, pollMs = 5000, parallel } = options;
  for (const [name, value] of Object.entries({
    minutes,
    warnSeconds,
    ...(parallel === undefined ? {} : { parallel }),
  })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new SweepError(`slurm: ${name} must be a whole number >= 1 (got ${value})`);
    }
  }
  const flags = [
    ...['--parsable', '--requeue', '--open-mode=append', `--time=${minutes}`, `--signal=B:USR2@${warnSeconds}`],
    ...Object.entries({
      partition: options.partition,
      account: options.account,
      qos: options.qos,
      mem: options.memory,
      gpus: options.gpus,
    }).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${value}`])),
    ...(options.flags ?? []),
  ];
  let most: Promise<number> | undefined;
  let failures = 0;
  let last = new Map<string, QueueEntry>();

  const submitArray = async (tasks: readonly LaunchTask[]): Promise<string[]> => {
    const [first] = tasks;
    if (first === undefined) return [];
    makeFolder(folder);
    const throttle = parallel === undefined ? '' : `%${parallel}`;
    const args = [
      ...flags,
      `--array=0-${tasks.length - 1}${throttle}`,
      `--job-name=${first.name.slice(0, 60)}`,
      `--output=${folder}/%A_%a.log`,
      `--cpus-per-task=${first.threads}`,
    ];
    const printed = await command('sbatch', args, arrayScript(tasks));
    const id = printed.trim().split(';')[0] ?? ''; // `id;cluster` where there are several clusters
    if (!/^\d+$/.test(id)) throw new LauncherError(`sbatch printed '${printed.trim()}' instead of a job id`);
    return tasks.map((_, i) => `${id}_${i}`);
  };

  /** The queue as it is now, or as it was if the controller does not answer. */
  const look = async (): Promise<Map<string, QueueEntry>> => {
    try {
      last = parseQueue(await command('squeue', ['--me', '-h', '-r', '-o', '%i|%T|%r']));
      failures = 0;
    } catch (error) {
      failures++;
      if (failures > PATIENCE) throw error;
      return last;
    }
    return last;
  };

  const ended = async (handle: string): Promise<TaskState> => {
    // the controller forgets jobs after some minutes; then the run's folder is all there is
    const told = await command('scontrol', ['show', 'job', '-o', handle]).catch(() => '');
    return { state: 'ended', ...jobEnd(told) };
  };

  return {
    id: 'slurm',
    slots: Number.POSITIVE_INFINITY,
    outlives: true,
    submit: async (tasks) => {
      most ??= maxArraySize();
      const size = Math.min(MOST, await most);
      const handles: string[] = [];
      for (let i = 0; i < tasks.length; i += size) handles.push(...(await submitArray(tasks.slice(i, i + size))));
      return handles;
    },
    poll: async (handles) => {
      if (handles.length === 0) return [];
      const queue = await look();
      const hurry = handles.filter((handle) => queue.get(handle)?.reason === 'BeginTime');
      // a requeued job would wait for two minutes
      for (const handle of hurry)
        await command('scontrol', ['update', `jobid=${handle}`, 'StartTime=now']).catch(() => '');
      const isBlind = failures > 0;
      return Promise.all(
        handles.map(async (handle): Promise<TaskState> => {
          const entry = queue.get(handle);
          if (entry) return { state: entry.state };
          return isBlind ? { state: 'running' } : ended(handle);
        }),
      );
    },
    stop: async (handles, { force = false } = {}) => {
      for (let i = 0; i < handles.length; i += 100) {
        const some = handles.slice(i, i + 100);
        // errors are of jobs that have ended meanwhile
        if (force) await command('scancel', some).catch(() => '');
        else {
          await command('scancel', ['--state=PENDING', ...some]).catch(() => '');
          await command('scancel', ['--batch', '--signal=TERM', ...some]).catch(() => '');
        }
      }
    },
    wait: (ms) => sleep(Math.max(ms, pollMs)),
    close: async () => {},
  };
}

/** @throws LauncherError if there is no Slurm here */
async function maxArraySize(): Promise<number> {
  const config = await command('scontrol', ['show', 'config']);
  return Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(config)?.[1] ?? 1001);
}

/**
 * What a command of Slurm prints.
 * @throws LauncherError with what it said
 */
function command(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.on('error', (error) => {
      const isAbsent = 'code' in error && error.code === 'ENOENT';
      const message = isAbsent
        ? `${program} is not on the PATH; use this launcher where Slurm's commands are`
        : error.message;
      reject(new LauncherError(`slurm: ${message}`, { cause: error }));
    });
    child.on('close', (code) => {
      if (code === 0) resolve(out);
      else reject(new LauncherError(`slurm: ${program} ended with exit code ${code}: ${err.trim()}`));
    });
    child.stdin.on('error', () => {}); // it did not want its input; its exit code says why
    child.stdin.end(input);
  });
}
