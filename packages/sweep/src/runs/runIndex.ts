// All runs under a results folder, fast: rows are kept beside the folders and read anew only where a folder has changed.
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '@looplab/train';
import { foldersIn } from '../store/foldersIn.ts';
import { type RunRow, rowMark, runFolders, runRow } from './runRow.ts';

/** The file of kept rows; it may be deleted at any time. */
const INDEX = '.runs-index.json';
/** Raised whenever rows change their form. */
const VERSION = 1;

interface Kept {
  readonly mark: string;
  readonly row: RunRow;
}

interface IndexFile {
  readonly version: number;
  /** By `<study>/<run>`. */
  readonly rows: Readonly<Record<string, Kept>>;
}

/**
 * A row for every run under `results`, study by study. Rows whose folders have not changed come from an index, which is written
 * where the folder allows it.
 */
export function listRuns(results: string): RunRow[] {
  const file = join(results, INDEX);
  const kept = readIndex(file);
  const fresh: Record<string, Kept> = {};
  let changes = 0;
  for (const study of foldersIn(results)) {
    for (const run of runFolders(join(results, study))) {
      const name = `${study}/${run}`;
      const dir = join(results, study, run);
      const mark = rowMark(dir);
      const old = kept[name];
      if (old?.mark === mark && isOver(old.row)) {
        fresh[name] = old;
        continue;
      }
      const row = runRow(dir, run);
      if (row === undefined) continue;
      fresh[name] = { mark, row: { ...row, study } };
      changes++;
    }
  }
  const isStale = changes > 0 || Object.keys(kept).length !== Object.keys(fresh).length;
  if (isStale) writeIndex(file, { version: VERSION, rows: fresh });
  return Object.values(fresh).map((entry) => entry.row);
}

/** A run that is under way may be lost without a trace in its files. */
function isOver({ status, cause }: RunRow): boolean {
  return status !== 'running' && status !== 'queued' && !(status === 'failed' && cause === 'infra');
}

function readIndex(file: string): IndexFile['rows'] {
  const value = readJson(file) as Partial<IndexFile> | undefined; // of our version it was written below
  return value?.version === VERSION ? (value.rows ?? {}) : {};
}

function writeIndex(file: string, index: IndexFile): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, JSON.stringify(index));
    renameSync(temporary, file);
  } catch {
    // a read-only folder, a full disk: the list is right without it
    rmSync(temporary, { force: true });
  }
}
