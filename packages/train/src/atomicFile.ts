// Files that are either whole or absent: written under another name, flushed to disk, then renamed.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { RunFolderError, systemReason } from './errors.ts';

/**
 * Writes `data` to `path` so that a reader, also after a crash or on a full disk, sees the old or the new content.
 * @throws RunFolderError naming the path and the cause; nothing half-written stays behind.
 */
export function writeFileAtomic(path: string, data: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const fd = openSync(temporary, 'w');
    try {
      writeAll(fd, typeof data === 'string' ? Buffer.from(data) : data);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncPath(dirname(path));
  } catch (error) {
    removeQuietly(temporary);
    throw new RunFolderError(`cannot write ${path}: ${systemReason(error)}`, { cause: error });
  }
}

/** `value` as indented JSON, written as {@link writeFileAtomic} does. */
export function writeJsonAtomic(path: string, value: unknown): void {
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Writes every byte of `data`, in as many system calls as that takes. */
export function writeAll(fd: number, data: Uint8Array): void {
  for (let done = 0; done < data.length; ) done += writeSync(fd, data, done, data.length - done);
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
