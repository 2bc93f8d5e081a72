// Makes a folder, or says at once and in words why that cannot be.
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InputError, systemReasons } from './errors.ts';

/**
 * Makes `folder` and those above it, and checks that it can be written to: better now than after the first run.
 * Goes down level by level, because Node's recursive mkdir never returns on file systems such as /proc.
 * @throws InputError
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let at = resolve(folder); !existsSync(at); at = dirname(at)) missing.unshift(at);
  try {
    for (const path of missing) mkdirSync(path);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const reason = systemReasons[code] ?? (error instanceof Error ? error.message : String(error));
    throw new InputError(`cannot write to folder ${folder}: ${reason} (${code}); choose another with --results`, {
      cause: error,
    });
  }
}
