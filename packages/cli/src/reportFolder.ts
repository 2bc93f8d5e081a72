// Finds the sweep or the runs that a report is to be about.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findSweep, listSweeps } from '@looplab/sweep';
import { InputError } from './errors.ts';

/**
 * @param name a folder, a study under `results`, or the beginning of a sweep's id
 * @returns the folder, and where its report goes unless told otherwise
 * @throws InputError where nothing is called so; SweepError where several sweeps begin so
 */
export function folderOf(name: string, results: string): { dir: string; out: string } {
  const found = [name, join(results, name)].find(isFolder);
  const dir = found ?? (beginsSweep(name, results) ? findSweep(results, name).dir : undefined);
  if (dir === undefined) {
    throw new InputError(
      `there is no folder ${name}, no study ${join(results, name)} and no sweep ${name} under ${results}; looplab sweep ls lists sweeps`,
    );
  }
  return { dir, out: join(dir, existsSync(join(dir, 'sweep.json')) ? 'report.html' : 'runs.html') };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function beginsSweep(name: string, results: string): boolean {
  return listSweeps(results).some(({ manifest }) => manifest.id.startsWith(name));
}
