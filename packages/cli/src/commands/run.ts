// `looplab run STUDY`: trains every run of a study that is not trained yet, and writes its report.
import { command } from '../command.ts';
import { deviceOf, deviceOptions } from '../device.ts';
import { optionalWholeNumber } from '../numbers.ts';

/** Options of every command that trains a study. */
export const runOptions = {
  set: {
    type: 'string',
    array: true,
    default: [] as string[],
    // one value a flag, so that what follows is not swallowed
    nargs: 1,
    describe: 'change a setting: --set model.loops=8; may be repeated',
  },
  scale: { type: 'string', requiresArg: true, describe: 'one of the sizes that the study offers' },
  seeds: optionalWholeNumber('seeds', 'how many seeds; overrides the study and its scale'),
  results: {
    type: 'string',
    default: 'results',
    requiresArg: true,
    describe: 'folder under which run folders are made',
  },
  ...deviceOptions,
  json: { type: 'boolean', default: false, describe: 'print the summary as one JSON line' },
} as const;

export const run = command({
  words: 'run <study>',
  describe: 'train the runs of a study and write its report',
  positionals: {
    study: { type: 'string', demandOption: true, describe: 'a study file, or the folder it lies in' },
  },
  options: runOptions,
  examples: [
    ['run experiments/quickstart/study.ts --set model.loops=8', 'change a setting'],
    ['run experiments/text --scale tiny --json', 'a small version, its summary as JSON'],
  ],
  async run(args) {
    const { assertAllFinished, printOutcome, runStudyFile } = await import('../runStudyFile.ts');
    const outcome = await runStudyFile({
      file: String(args.study),
      set: args.set,
      results: args.results,
      device: deviceOf(args),
      ...(args.scale === undefined ? {} : { scale: args.scale }),
      ...(args.seeds === undefined ? {} : { seeds: args.seeds }),
    });
    printOutcome(outcome, args.json);
    assertAllFinished(outcome);
  },
});
