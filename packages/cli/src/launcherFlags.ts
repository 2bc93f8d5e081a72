// The flags that choose where runs of a sweep are computed.
import type { Launcher } from '@looplab/sweep';

/** `--launcher` and what it needs. */
export const launcherOptions = {
  launcher: {
    choices: ['local'],
    default: 'local',
    describe: 'where runs are computed: local (processes on this machine)',
  },
} as const;

/** The launcher the flags ask for; undefined for this machine, whose processes `--workers` and `--threads` say all about. */
export async function launcherFrom(_: { readonly launcher: 'local' }): Promise<Launcher | undefined> {
  return undefined;
}
