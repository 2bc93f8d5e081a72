// Append-only files of one JSON record a line, which survive a crash in the middle of a write.
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { RunFolderError, systemReason } from './errors.ts';

/** An open log. Each record is one line, handed to the system in one call. */
export class JsonLines {
  readonly path: string;
  readonly #fd: number;

  /** @throws RunFolderError if the file cannot be opened for writing. */
  constructor(path: string) {
    this.path = path;
    try {
      this.#fd = openSync(path, 'a');
    } catch (error) {
      throw new RunFolderError(`cannot open ${path}: ${systemReason(error)}`, { cause: error });
    }
  }

  /** Appends one record. On failure, e.g. a full disk, the part that was written is taken back. */
  append(record: object): void {
    const bytes = Buffer.from(`${JSON.stringify(record)}\n`);
    const size = fstatSync(this.#fd).size;
    try {
      let done = writeSync(this.#fd, bytes);
      while (done < bytes.length) done += writeSync(this.#fd, bytes, done); // the second call says why the first was short
    } catch (error) {
      if (fstatSync(this.#fd).size > size) ftruncateSync(this.#fd, size);
      throw new RunFolderError(`cannot write ${this.path}: ${systemReason(error)}`, { cause: error });
    }
  }

  /** Makes everything appended so far durable. */
  sync(): void {
    try {
      fsyncSync(this.#fd);
    } catch (error) {
      // Devices and pipes cannot be flushed; what matters is that no data was refused.
      if (!(error instanceof Error && 'code' in error && error.code === 'EINVAL')) {
        throw new RunFolderError(`cannot write ${this.path}: ${systemReason(error)}`, { cause: error });
      }
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The records of a file in order; lines that are not JSON objects, such as one torn by a crash, are left out. */
export function readJsonLines(path: string): Record<string, unknown>[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .map(parseRecord)
    .filter((r) => r !== undefined);
}

/**
 * Cuts the file after the last line of the longest prefix whose records all satisfy `keep`; a torn last line goes too.
 * @returns how many records were dropped
 */
export function truncateJsonLines(path: string, keep: (record: Record<string, unknown>) => boolean): number {
  if (!existsSync(path)) return 0;
  const bytes = readFileSync(path);
  let end = 0;
  let dropped = 0;
  for (let start = 0; start < bytes.length; ) {
    const feed = bytes.indexOf(10, start);
    const stop = feed === -1 ? bytes.length : feed + 1;
    const record = feed === -1 ? undefined : parseRecord(bytes.toString('utf8', start, feed));
    if (dropped === 0 && record !== undefined && keep(record)) end = stop;
    else dropped++;
    start = stop;
  }
  if (end < bytes.length) {
    const fd = openSync(path, 'r+');
    try {
      ftruncateSync(fd, end);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
  return dropped;
}

function parseRecord(line: string): Record<string, unknown> | undefined {
  if (line === '') return undefined;
  try {
    const value: unknown = JSON.parse(line);
    const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isRecord ? (value as Record<string, unknown>) : undefined; // an object that came from JSON has string keys
  } catch {
    return undefined;
  }
}
