// Finds and loads a study file named on the command line.
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Study } from '@looplab/train';
import type { ClaimOf } from './claim.ts';
import { InputError, userMessage } from './errors.ts';

/** What a study file holds. */
export interface StudyFile {
  readonly study: Study;
  /** Absolute path of the file. */
  readonly path: string;
  readonly claim?: ClaimOf;
}

/**
 * The study that `file` (or `file/study.ts`, for a folder) exports as default.
 * @throws InputError if there is no such file, it cannot be loaded or it exports no study; what `defineStudy` and the
 * plug-ins of the study throw passes through
 */
export async function loadStudy(file: string): Promise<StudyFile> {
  let path = resolve(file);
  if (existsSync(path) && statSync(path).isDirectory()) path = resolve(path, 'study.ts');
  if (!existsSync(path)) {
    throw new InputError(`there is no study file ${file}; name one, such as experiments/quickstart/study.ts`);
  }
  if (!/\.m?[jt]s$/.test(path)) {
    throw new InputError(`${file} is not a study file: those are TypeScript or JavaScript modules, such as study.ts`);
  }
  const module = (await importModule(path, file)) as { default?: Partial<Study>; claim?: unknown }; // looked at below
  if (module.default?.isChecked !== true) {
    throw new InputError(`${file} exports no study; end it with: export default defineStudy({ ... })`);
  }
  return {
    study: module.default as Study, // only defineStudy sets isChecked
    path,
    ...(typeof module.claim === 'function' ? { claim: module.claim as ClaimOf } : {}), // its result is only written out
  };
}

/**
 * A person's file as a module; a defect of the file is told with the place in it.
 * @param file the path as it was given
 * @throws InputError
 */
export async function importModule(path: string, file: string): Promise<{ default?: unknown }> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    if (userMessage(error) !== undefined || !(error instanceof Error)) throw error;
    const place = error.stack?.match(/file:\/\/[^\s)]+:\d+(:\d+)?/)?.[0];
    throw new InputError(`${file} cannot be loaded: ${error.name}: ${error.message}${place ? `\n  at ${place}` : ''}`, {
      cause: error,
    });
  }
}
