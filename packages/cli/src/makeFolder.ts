// Makes a folder, or says at once and in words why that cannot be.
import { makeFolder as make, RunFolderError } from '@looplab/train';
import { InputError } from './errors.ts';

/**
 * Makes `folder` and those above it, and checks that it can be written to: better now than after the first run.
 * @param advice what to do where it cannot be made
 * @throws InputError
 */
export function makeFolder(folder: string, advice = 'choose another with --results'): void {
  try {
    make(folder);
  } catch (error) {
    if (!(error instanceof RunFolderError)) throw error;
    throw new InputError(`${error.message}; ${advice}`, { cause: error });
  }
}
