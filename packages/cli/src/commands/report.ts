// `looplab report SWEEP`: one page about a sweep or a folder of runs.
import { command } from '../command.ts';
import { runOptions } from './run.ts';

export const report = command({
  words: 'report <runs>',
  describe: 'write one page about a sweep or a folder of runs: best configurations, settings that mattered, failures',
  positionals: {
    runs: {
      type: 'string',
      demandOption: true,
      describe: 'id of a sweep or its first digits, a study under --results, or a folder with a sweep or runs',
    },
  },
  options: {
    out: {
      type: 'string',
      requiresArg: true,
      describe: 'the file to write; default report.html in a sweep, else runs.html',
    },
    results: runOptions.results,
    json: { type: 'boolean', default: false, describe: 'print path and size as one JSON line' },
  },
  examples: [
    ['report 3f2a', 'write results/<study>/sweeps/3f2a.../report.html'],
    ['report quickstart', 'compare all runs of a study, as results/quickstart/runs.html'],
  ],
  async run(args) {
    const { folderOf } = await import('../reportFolder.ts');
    const { writeSweepReport } = await import('@looplab/figures');
    const { currentStatus } = await import('@looplab/train');
    const { dir, out } = folderOf(String(args.runs), args.results);
    const written = await writeSweepReport({ dir, out: args.out ?? out, statusOf: currentStatus });
    process.stdout.write(args.json ? `${JSON.stringify(written)}\n` : `Report: ${written.path}\n`);
  },
});
