// Follows a run's log until the run is over.
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listRuns, runByPrefix } from '@looplab/sweep';
import { isLocked } from '@looplab/train';
import { InputError } from './errors.ts';

/** Milliseconds between two looks. */
const LOOK_MS = 500;

/**
 * Prints the last `lines` lines of a run's log and, with `follow`, what is added to it while a process writes the run.
 * @throws SweepError if there is no such run, InputError if it has no log
 */
export async function tailRun(results: string, prefix: string, lines: number, follow: boolean): Promise<void> {
  const row = runByPrefix(listRuns(results), prefix);
  const dir = join(results, row.study, row.run);
  const path = join(dir, 'log.txt');
  if (!existsSync(path)) throw new InputError(`run ${row.run} has no log yet: ${path} is not there`);
  const text = readFileSync(path, 'utf8');
  process.stdout.write(`${text.trimEnd().split('\n').slice(-lines).join('\n')}\n`);
  let at = Buffer.byteLength(text);
  for (let isLast = !follow; !isLast; ) {
    isLast = !isLocked(join(dir, 'run.lock'));
    at = printFrom(path, at);
    if (!isLast) await sleep(LOOK_MS);
  }
}

/** Prints a file from a place on; returns where it ends. */
function printFrom(path: string, at: number): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? at;
  if (size <= at) return size;
  const bytes = Buffer.alloc(size - at);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, bytes, 0, bytes.length, at);
  } finally {
    closeSync(fd);
  }
  process.stdout.write(bytes);
  return size;
}
