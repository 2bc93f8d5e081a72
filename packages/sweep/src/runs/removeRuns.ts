// Deletes run folders, never one that is being written, and never half of one.
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isLocked, RunFolderError, systemReason } from '@looplab/train';
import { SweepError } from '../errors.ts';
import type { RunRow } from './runRow.ts';

/**
 * Deletes the folders of runs. A folder is renamed before it is emptied, so that an interruption leaves no half run.
 * @throws SweepError before anything is deleted if a process is writing one of them; RunFolderError if one cannot be deleted
 */
export function removeRuns(results: string, rows: readonly RunRow[]): void {
  const dirs = rows.map((row) => join(results, row.study, row.run));
  const busy = dirs.find((dir) => isLocked(join(dir, 'run.lock')));
  if (busy !== undefined) throw new SweepError(`a process is writing ${busy}; stop it first, nothing was deleted`);
  for (const dir of dirs) {
    const aside = `${dir}.deleted`;
    try {
      rmSync(aside, { recursive: true, force: true });
      renameSync(dir, aside);
      rmSync(aside, { recursive: true, force: true });
    } catch (error) {
      throw new RunFolderError(`cannot delete ${dir}: ${systemReason(error)}`, { cause: error });
    }
  }
}
