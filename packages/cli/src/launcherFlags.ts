// The flags that choose where runs of a sweep are computed.
import type { Launcher } from '@looplab/sweep';
import { UsageError } from './errors.ts';
import { optionalWholeNumber, parseNumber } from './numbers.ts';

const word = (describe: string) => ({ type: 'string', requiresArg: true, describe }) as const;

/** `--launcher` and what it needs. */
export const launcherOptions = {
  launcher: {
    choices: ['local', 'slurm', 'ray'],
    default: 'local',
    describe: 'where runs are computed: local (processes on this machine), slurm (job arrays), ray (jobs of a cluster)',
  },
  parallel: optionalWholeNumber('parallel', 'slurm, ray: runs at a time, at most'),
  minutes: optionalWholeNumber(
    'minutes',
    'slurm: time limit of a job; a longer run is started again from its checkpoint',
  ),
  partition: word('slurm: --partition of a job'),
  account: word('slurm: --account of a job'),
  memory: word('slurm: --mem of a job, such as 4G'),
  gpus: word('slurm: --gpus of a job; ray: number of GPUs'),
  sbatch: {
    type: 'string',
    array: true,
    default: [] as string[],
    nargs: 1,
    describe: 'slurm: another flag of sbatch: --sbatch=--exclusive; may be repeated',
  },
  'ray-address': word('ray: address of the dashboard; default: RAY_ADDRESS, else http://127.0.0.1:8265'),
} as const;

interface Flags {
  readonly launcher: 'local' | 'slurm' | 'ray';
  readonly parallel: number | undefined;
  readonly minutes: number | undefined;
  readonly partition: string | undefined;
  readonly account: string | undefined;
  readonly memory: string | undefined;
  readonly gpus: string | undefined;
  readonly sbatch: readonly string[];
  readonly 'ray-address': string | undefined;
  readonly results: string;
}

/**
 * The launcher the flags ask for; undefined for this machine, whose processes `--workers` and `--threads` say all about.
 * @throws UsageError for a flag of another launcher, or one that this launcher cannot read
 */
export async function launcherFrom(flags: Flags): Promise<Launcher | undefined> {
  const { launcher, parallel, minutes, partition, account, memory, gpus, sbatch } = flags;
  const address = flags['ray-address'];
  const only = (names: readonly string[], of: Readonly<Record<string, unknown>>): void => {
    const wrong = Object.keys(of).find((name) => of[name] !== undefined && !names.includes(name));
    if (wrong !== undefined) throw new UsageError(`--${wrong} is not for --launcher ${launcher}`);
  };
  const given = {
    ...{ parallel, minutes, partition, account, memory, gpus, 'ray-address': address },
    sbatch: sbatch.length > 0 ? sbatch : undefined,
  };
  if (launcher === 'local') {
    only([], given);
    return undefined;
  }
  const { ray, slurm } = await import('@looplab/sweep');
  const { join, resolve } = await import('node:path');
  if (launcher === 'slurm') {
    only(['parallel', 'minutes', 'partition', 'account', 'memory', 'gpus', 'sbatch'], given);
    return slurm({
      folder: resolve(join(flags.results, '.slurm')),
      ...defined({ parallel, minutes, partition, account, memory, gpus }),
      flags: sbatch,
    });
  }
  only(['parallel', 'gpus', 'ray-address'], given);
  const shares = gpus === undefined ? undefined : parseNumber('gpus', gpus, 0); // of one GPU, too
  return ray({ ...defined({ address, parallel, gpus: shares }) });
}

/** The entries that are there. */
function defined<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined)) as ReturnType<typeof defined<T>>; // what is left is defined
}
