// Follows a run's log until the run is over.
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunRow } from '@looplab/sweep';
import { isLocked } from '@looplab/train';
import { InputError } from './errors.ts';

/** Milliseconds between two looks. */
const LOOK_MS = 500;

export interface TailOptions {
  /** How many lines of the log to begin with. */
  readonly lines: number;
  /** Whether to go on with what is added while a process writes the run. */
  readonly follow: boolean;
  /** Whether each line is printed as a JSON object. */
  readonly json: boolean;
}

/**
 * Prints the end of a run's log, line by line.
 * @throws InputError if it has no log
 */
export async function tailRun(results: string, { study, run }: RunRow, options: TailOptions): Promise<void> {
  const dir = join(results, study, run);
  const path = join(dir, 'log.txt');
  if (!existsSync(path)) throw new InputError(`run ${run} has no log yet: ${path} is not there`);
  const print = (lines: readonly string[]): void => {
    const texts = options.json ? lines.map((line) => JSON.stringify({ run, line })) : lines;
    if (texts.length > 0) process.stdout.write(`${texts.join('\n')}\n`);
  };
  const past = linesFrom(path, 0, !options.follow);
  print(past.lines.slice(-options.lines));
  for (let { end } = past, isLast = !options.follow; !isLast; ) {
    isLast = !isLocked(join(dir, 'run.lock'));
    const added = linesFrom(path, end, isLast);
    print(added.lines);
    end = added.end;
    if (!isLast) await sleep(LOOK_MS);
  }
}

/** The lines of a file from a place on, and where they end; a last line that is being written only where there will be no more. */
function linesFrom(path: string, start: number, isLast: boolean): { lines: string[]; end: number } {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= start) return { lines: [], end: start };
  const bytes = Buffer.alloc(size - start);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, bytes, 0, bytes.length, start);
  } finally {
    closeSync(fd);
  }
  const length = isLast ? bytes.length : bytes.lastIndexOf('\n') + 1;
  const text = bytes.toString('utf8', 0, length);
  return { lines: text === '' ? [] : text.replace(/\n$/, '').split('\n'), end: start + length };
}
