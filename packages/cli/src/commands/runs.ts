// `looplab runs ls|show|diff|compare|tail|rm`: runs that are there, whoever started them.
import { columns } from '../columns.ts';
import { command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { optionalWholeNumber, wholeNumber } from '../numbers.ts';
import { runOptions } from './run.ts';

const { results } = runOptions;
const json = { type: 'boolean', default: false, describe: 'print JSON' } as const;
const csv = { type: 'boolean', default: false, describe: 'print CSV with every setting' } as const;
const where = {
  type: 'string',
  array: true,
  default: [] as string[],
  nargs: 1,
  describe: 'only runs for which this holds: --where status=failed --where model.loops>=4',
} as const;
const one = { run: { type: 'string', demandOption: true, describe: 'id of a run, or its first digits' } } as const;
const some = {
  runs: { type: 'string', array: true, demandOption: true, describe: 'ids of runs, or their first digits' },
} as const;

const ls = command({
  words: 'ls',
  describe: 'list runs',
  options: {
    results,
    where,
    sort: { type: 'string', requiresArg: true, describe: 'field or setting to sort by, the smallest first' },
    reverse: { type: 'boolean', default: false, describe: 'the other way round' },
    limit: optionalWholeNumber('limit', 'at most so many'),
    json,
    csv,
  },
  examples: [['runs ls --where study=mano --where model.loops>=4 --sort loss', 'the best of some runs first']],
  async run(args) {
    const { chosenRuns, printRuns } = await import('../runsOutput.ts');
    const { sort, reverse, limit } = args;
    const rows = await chosenRuns(args.results, args.where, {
      reverse,
      ...(sort === undefined ? {} : { sort }),
      ...(limit === undefined ? {} : { limit }),
    });
    printRuns(rows, args);
  },
});

const show = command({
  words: 'show <run>',
  describe: 'show one run: how it stands, its settings, its evaluations',
  positionals: one,
  options: { results, json },
  async run(args) {
    const { printRun } = await import('../runsOutput.ts');
    await printRun(args.results, String(args.run), args.json);
  },
});

const diff = command({
  words: 'diff <runs..>',
  describe: 'show the settings in which runs differ',
  positionals: some,
  options: { results, json },
  async run(args) {
    const { printDiff } = await import('../runsOutput.ts');
    await printDiff(args.results, words(args.runs), args.json, false);
  },
});

const compare = command({
  words: 'compare <runs..>',
  describe: 'show runs side by side: the settings in which they differ, and what came out',
  positionals: some,
  options: { results, json },
  async run(args) {
    const { printDiff } = await import('../runsOutput.ts');
    await printDiff(args.results, words(args.runs), args.json, true);
  },
});

const tail = command({
  words: 'tail <run>',
  describe: "print the end of a run's log and follow it until the run is over",
  positionals: one,
  options: {
    results,
    lines: wholeNumber('lines', 'lines of the log to begin with', 10),
    follow: { type: 'boolean', default: true, describe: 'go on until the run is over' },
  },
  async run(args) {
    const { tailRun } = await import('../tailRun.ts');
    await tailRun(args.results, String(args.run), args.lines, args.follow);
  },
});

const rm = command({
  words: 'rm [runs..]',
  describe: 'delete run folders',
  positionals: {
    runs: { type: 'string', array: true, default: [] as string[], describe: 'ids of runs, or their first digits' },
  },
  options: {
    results,
    where,
    yes: { type: 'boolean', default: false, describe: 'delete what --where chooses; without it, only list that' },
  },
  async run(args) {
    const { listRuns, removeRuns, runByPrefix } = await import('@looplab/sweep');
    const { chosenRuns } = await import('../runsOutput.ts');
    const named = words(args.runs);
    if (named.length > 0 === args.where.length > 0) throw new UsageError('name runs, or choose them by --where');
    const all = named.length > 0 ? listRuns(args.results) : [];
    const rows =
      named.length > 0
        ? named.map((prefix) => runByPrefix(all, prefix))
        : await chosenRuns(args.results, args.where, {});
    const isListed = named.length === 0 && !args.yes;
    if (!isListed) removeRuns(args.results, rows);
    const lines = rows.map((r) => [`${r.study}/${r.run}`, r.status]);
    process.stdout.write(columns([isListed ? 'would be deleted; add --yes' : 'deleted', ''], lines));
  },
});

export const runs = command({
  words: 'runs',
  describe: 'list, show, compare, follow and delete runs',
  options: {},
  subcommands: [ls, show, diff, compare, tail, rm],
  async run() {
    throw new UsageError('say what: runs ls, show, diff, compare, tail or rm; looplab runs --help tells more');
  },
});

/** yargs gives a list, or one word alone. */
function words(given: unknown): string[] {
  return Array.isArray(given) ? given.map(String) : given === undefined ? [] : [String(given)];
}
