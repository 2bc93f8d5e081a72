// Files and folders that are whole or absent, and errors that say which one and why.
import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { atomicWrite } from '@looplab/core';
import { RunFolderError, systemReason } from './errors.ts';

/**
 * Writes `value` as indented JSON so that a reader, also after a crash or on a full disk, sees the old or the new content.
 * @throws RunFolderError naming the path and the cause; nothing half-written stays behind
 */
export function writeJsonAtomic(path: string, value: unknown): void {
  try {
    atomicWrite(path, [Buffer.from(`${JSON.stringify(value, null, 2)}\n`)]);
  } catch (error) {
    throw new RunFolderError(`cannot write ${path}: ${systemReason(error)}`, { cause: error });
  }
}

/** Flushes a file, or a folder's list of names, to disk. */
export function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Removes a file or folder if it can be; for clean-up after another error, which must stay the one that is reported. */
export function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true, recursive: true });
  } catch {
    // the first error says more
  }
}
