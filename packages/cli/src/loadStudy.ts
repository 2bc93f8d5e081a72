// Finds and loads a study file named on the command line.
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Study } from '@looplab/train';
import type { ClaimOf } from './claim.ts';
import { UsageError } from './errors.ts';

/** What a study file holds. */
export interface StudyFile {
  readonly study: Study;
  /** Absolute path of the file. */
  readonly path: string;
  readonly claim?: ClaimOf;
}

/**
 * The study that `file` (or `file/study.ts`, for a folder) exports as default.
 * @throws UsageError if there is no such file or it exports no study; what the file itself throws passes through
 */
export async function loadStudy(file: string): Promise<StudyFile> {
  let path = resolve(file);
  if (existsSync(path) && statSync(path).isDirectory()) path = resolve(path, 'study.ts');
  if (!existsSync(path)) {
    throw new UsageError(`there is no study file ${file}; name one, such as experiments/quickstart/study.ts`);
  }
  const module: { default?: Partial<Study>; claim?: unknown } = await import(pathToFileURL(path).href);
  if (module.default?.isChecked !== true) {
    throw new UsageError(`${file} exports no study; end it with: export default defineStudy({ ... })`);
  }
  return {
    study: module.default as Study, // only defineStudy sets isChecked
    path,
    ...(typeof module.claim === 'function' ? { claim: module.claim as ClaimOf } : {}), // its result is only written out
  };
}
