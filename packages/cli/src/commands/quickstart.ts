// `looplab quickstart`: trains the quickstart study of this checkout and says whether its claim holds.
import { join } from 'node:path';
import { command } from '../command.ts';
import { run, runOptions } from './run.ts';

export const quickstart = command({
  words: 'quickstart',
  describe: 'train a looped and a plain model of the same size and compare them (about two minutes)',
  options: runOptions,
  async run(args) {
    const study = join(import.meta.dirname, '../../../../experiments/quickstart/study.ts');
    await run.run({ ...args, study });
  },
});
