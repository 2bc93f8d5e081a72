// Makes a folder and those above it.
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { RunFolderError, systemReason } from './errors.ts';

/**
 * Makes `folder`, level by level, as Node's recursive mkdir never returns on file systems such as /proc, and checks that it can be
 * written to.
 * @throws RunFolderError saying what is in the way
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let at = resolve(folder); !existsSync(at); at = dirname(at)) missing.unshift(at);
  try {
    for (const path of missing) {
      try {
        mkdirSync(path);
      } catch (error) {
        // another process may have been quicker
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      }
    }
    accessSync(`${folder}/.`, constants.W_OK); // not if it is a file
  } catch (error) {
    throw new RunFolderError(`cannot write to folder ${folder}: ${systemReason(error)}`, { cause: error });
  }
}
