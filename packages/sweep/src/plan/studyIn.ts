// The study that a file exports.
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Study } from '@looplab/train';
import { SweepError } from '../errors.ts';

/**
 * The study that the file at `source` exports as default.
 * @throws SweepError if there is no such file or it exports none; whatever the file itself throws passes through
 */
export async function studyIn(source: string): Promise<Study> {
  if (!existsSync(source))
    throw new SweepError(`there is no study file ${source}; put it back, or sweep the study anew`);
  const module: { default?: Study } = await import(pathToFileURL(source).href);
  if (module.default?.isChecked === true) return module.default;
  throw new SweepError(`${source} exports no study; end it with: export default defineStudy({ ... })`);
}
