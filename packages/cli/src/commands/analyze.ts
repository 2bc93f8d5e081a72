// `looplab analyze RUN`: asks a trained model every question there is an analysis for.
import { command } from '../command.ts';
import { deviceOf, deviceOptions } from '../device.ts';
import { wholeNumber } from '../numbers.ts';

export const analyze = command({
  words: 'analyze <run>',
  describe:
    'probe a trained run: capacity, depth, early exit, agreement, probes, alignment, geometry; write report.html',
  positionals: {
    run: { type: 'string', demandOption: true, describe: 'a run folder, or a folder of runs' },
  },
  options: {
    all: { type: 'boolean', default: false, describe: 'every analysis that applies' },
    only: {
      type: 'string',
      array: true,
      default: [] as string[],
      nargs: 1,
      describe: 'one analysis by its id; may be repeated',
    },
    rows: wholeNumber('rows', 'held-out rows to use at most', 256),
    checkpoint: { choices: ['last', 'best'] as const, default: 'last' as const, describe: 'which checkpoint' },
    probe: {
      choices: ['ridge', 'logistic'] as const,
      default: 'ridge' as const,
      describe: 'which linear probes read values off states; logistic ones take minutes',
    },
    study: {
      type: 'string',
      requiresArg: true,
      describe: 'study file of the run, where its strategy is not in the registry',
    },
    writer: {
      type: 'string',
      requiresArg: true,
      describe: 'a run that was trained to write its chain, or a folder with one of each seed, to compare with',
    },
    collect: {
      type: 'string',
      requiresArg: true,
      describe:
        'also write the tables of all runs, and runs.csv and loops.csv with what training measured, as CSV into this ' +
        'folder; rows are told apart by variant and seed',
    },
    again: { type: 'boolean', default: false, describe: 'compute what has been computed with the same settings, too' },
    ...deviceOptions,
    json: { type: 'boolean', default: false, describe: 'print what was written as one JSON line' },
  },
  examples: [
    ['analyze results/quickstart/069474dc3c4b --all', 'everything about one run, as results/.../report.html'],
    ['analyze results/mano --only probes --collect experiments/mano/data', 'one table over all runs of a study'],
    ['analyze results/scaling --only scaling', 'a law fitted to all runs of a folder'],
    ['analyze results/cot-vs-latent --only cotBaseline --writer results/cot-vs-latent', 'latent steps against writing'],
  ],
  async run(args) {
    const { analyzeRuns } = await import('../analyzeRuns.ts');
    const { run, all, only, rows, checkpoint, probe, study, writer, collect, again } = args;
    const done = await analyzeRuns({
      ...{ path: String(run), all, only, rows, checkpoint, probe, again, device: deviceOf(args) },
      ...(study === undefined ? {} : { study }),
      ...(writer === undefined ? {} : { writer }),
      ...(collect === undefined ? {} : { collect }),
      say: (line) => process.stderr.write(`${line}\n`),
    });
    if (args.json) process.stdout.write(`${JSON.stringify(done)}\n`);
    else for (const { report } of done) process.stdout.write(`Report: ${report}\n`);
  },
});
