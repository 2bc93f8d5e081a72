// Writes the numbers that a study's figures are drawn from, out of a folder of runs.
import { join, relative } from 'node:path';
import { readAnalyses, readRuns } from '@looplab/figures';
import { collectTables } from './collectTables.ts';
import { studyFolders } from './drawFigures.ts';
import { InputError } from './errors.ts';
import { makeFolder } from './makeFolder.ts';

/**
 * Writes `<study>/data/*.csv`: a row a run, a row a loop, and a table for each analysis that was made of the runs.
 * @throws InputError where the study is not one; FiguresError where there are no runs
 */
export function collectData(on: { runs: string; study: string; experiments: string }): { folder: string } {
  if (on.study === 'all') throw new InputError('--collect takes the numbers of one study; name it instead of all');
  const folder = join(...studyFolders(on.study, on.experiments), 'data');
  makeFolder(folder, 'make it writable, or name another study');
  const collected = readRuns(on.runs).map((run) => ({ run, records: readAnalyses(run.dir) }));
  const ids = new Set(collected.flatMap((c) => c.records.map((r) => r.id)));
  collectTables(folder, collected, [...ids]);
  return { folder: relative(process.cwd(), folder) };
}
