// `looplab figures STUDY`: draws the figures of a study's `figures.ts`, or checks that those on disk are what their data give.
import { command } from '../command.ts';

const shared = {
  only: { type: 'string', requiresArg: true, describe: 'one figure, by its id' },
  experiments: {
    type: 'string',
    default: 'experiments',
    requiresArg: true,
    describe: 'folder in which studies lie',
  },
  json: { type: 'boolean', default: false, describe: 'print the files as one JSON line' },
} as const;

const check = command({
  words: 'check [study]',
  describe: 'draw nothing; fail where a file is not what its data give',
  positionals: {
    study: { type: 'string', default: 'all', describe: 'a study folder or its name, or all' },
  },
  options: shared,
  run: (args) => draw(String(args.study), true, args),
});

export const figures = command({
  words: 'figures <study>',
  describe: "draw a study's figures for a paper, as SVG, PDF, PNG, LaTeX and CSV, with their provenance",
  positionals: {
    study: {
      type: 'string',
      demandOption: true,
      describe: 'a study folder or its name under experiments/, or all',
    },
  },
  options: {
    check: { type: 'boolean', default: false, describe: 'write nothing; fail where a file is not what its data give' },
    collect: {
      type: 'string',
      requiresArg: true,
      describe: "first write the study's data/*.csv from this folder of runs: runs, loops, and what analyses found",
    },
    ...shared,
  },
  examples: [
    ['figures quickstart', 'draw experiments/quickstart/figures.ts into experiments/quickstart/figures/'],
    ['figures quickstart --collect results/quickstart', 'take the numbers from runs first'],
    ['figures check', 'rebuild every figure and compare; the same as figures all --check'],
  ],
  subcommands: [check],
  async run(args) {
    if (args.collect !== undefined) {
      const { collectData } = await import('../collectData.ts');
      const { folder } = collectData({ runs: args.collect, study: String(args.study), experiments: args.experiments });
      process.stderr.write(`collected into ${folder}\n`);
    }
    await draw(String(args.study), args.check, args);
  },
});

async function draw(
  study: string,
  check: boolean,
  args: { readonly only: string | undefined; readonly experiments: string; readonly json: boolean },
): Promise<void> {
  const { drawFigures } = await import('../drawFigures.ts');
  const { experiments, only } = args;
  const done = await drawFigures({
    ...{ study, experiments, check },
    ...(only === undefined ? {} : { only }),
    say: (line) => process.stderr.write(`${line}\n`),
  });
  if (args.json) process.stdout.write(`${JSON.stringify(done)}\n`);
}
