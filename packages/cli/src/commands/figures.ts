// `looplab figures STUDY`: draws the figures of a study's `figures.ts`, or checks that those on disk are what their data give.
import { command } from '../command.ts';

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
    only: { type: 'string', requiresArg: true, describe: 'one figure, by its id' },
    experiments: {
      type: 'string',
      default: 'experiments',
      requiresArg: true,
      describe: 'folder in which studies lie',
    },
    json: { type: 'boolean', default: false, describe: 'print the files as one JSON line' },
  },
  examples: [
    ['figures quickstart', 'draw experiments/quickstart/figures.ts into experiments/quickstart/figures/'],
    ['figures all --check', 'rebuild every figure and compare'],
  ],
  async run(args) {
    const { drawFigures } = await import('../drawFigures.ts');
    const { experiments, check, only } = args;
    const done = await drawFigures({
      study: String(args.study),
      experiments,
      check,
      ...(only === undefined ? {} : { only }),
      say: (line) => process.stderr.write(`${line}\n`),
    });
    if (args.json) process.stdout.write(`${JSON.stringify(done)}\n`);
  },
});
