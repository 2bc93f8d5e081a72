// The launcher of a task from its recorded handle, for whoever stops a sweep that nobody drives.

import type { Launcher } from './launcher.ts';
import { ray } from './ray.ts';
import { slurm } from './slurm.ts';

/** The launcher `id` with its defaults, which is enough to ask for and to stop tasks by their handles. */
export function launcherById(id: string): Launcher | undefined {
  const known: Readonly<Record<string, () => Launcher>> = {
    slurm: () => slurm({ pollMs: 500 }),
    ray: () => ray({ pollMs: 500 }),
  };
  return known[id]?.();
}
