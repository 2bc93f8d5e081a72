// Writes into a run's folder on behalf of a process that could not.
import { RunFolder, RunLockedError } from '@looplab/train';

/**
 * Opens the folder of a run for `write`.
 * @returns false if a process is writing the run after all
 * @throws RunFolderError
 */
export function withRunFolder(dir: string, write: (folder: RunFolder) => void): boolean {
  let folder: RunFolder;
  try {
    folder = new RunFolder(dir);
  } catch (error) {
    if (error instanceof RunLockedError) return false;
    throw error;
  }
  try {
    write(folder);
    return true;
  } finally {
    folder.close();
  }
}
