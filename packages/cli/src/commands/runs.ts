// `looplab runs ls|show|diff|compare|tail|rm`: runs that are there, whoever started them.
import { command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { formOf, formOptions } from '../form.ts';
import { optionalWholeNumber, wholeNumber } from '../numbers.ts';
import { runOptions } from './run.ts';

const { results } = runOptions;
const where = {
  type: 'string',
  array: true,
  default: [] as string[],
  nargs: 1,
  describe: "only runs for which this holds: --where status=failed --where 'model.loops>=4'",
} as const;
const whereInstead = { ...where, describe: 'instead of ids: what must hold of the runs, as for runs ls' } as const;
const one = { run: { type: 'string', describe: 'id of a run, or its first digits' } } as const;
const some = {
  runs: { type: 'string', array: true, default: [] as string[], describe: 'ids of runs, or their first digits' },
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
    ...formOptions,
    csv: { ...formOptions.csv, describe: 'print CSV with every setting' },
  },
  examples: [["runs ls --where study=mano --where 'model.loops>=4' --sort loss", 'the best of some runs first']],
  async run(args) {
    const form = formOf(args);
    const { filteredRuns } = await import('../chooseRuns.ts');
    const { printRuns } = await import('../runsOutput.ts');
    const { sort, reverse, limit } = args;
    const rows = filteredRuns(args.results, args.where, {
      reverse,
      ...(sort === undefined ? {} : { sort }),
      ...(limit === undefined ? {} : { limit }),
    });
    printRuns(rows, form);
  },
});

const show = command({
  words: 'show [run]',
  describe: 'show one run: how it stands, its settings, its evaluations',
  positionals: one,
  options: {
    results,
    where: whereInstead,
    ...formOptions,
    csv: { ...formOptions.csv, describe: 'print the row that runs ls --csv has of it' },
  },
  async run(args) {
    const form = formOf(args);
    const { chosenRun } = await import('../chooseRuns.ts');
    const { printRun } = await import('../runsOutput.ts');
    printRun(args.results, chosenRun({ ...args, ids: words(args.run) }), form);
  },
});

const diff = command({
  words: 'diff [runs..]',
  describe: 'show the settings in which runs differ',
  positionals: some,
  options: { results, where: whereInstead, ...formOptions },
  async run(args) {
    const form = formOf(args);
    const { severalRuns } = await import('../chooseRuns.ts');
    const { printDiff } = await import('../runsOutput.ts');
    printDiff(severalRuns({ ...args, ids: words(args.runs) }), form, false);
  },
});

const compare = command({
  words: 'compare [runs..]',
  describe: 'show runs side by side: the settings in which they differ, and what came out',
  positionals: some,
  options: { results, where: whereInstead, ...formOptions },
  examples: [['runs compare --where variant=looped --where seed=0', 'side by side what differs in other settings']],
  async run(args) {
    const form = formOf(args);
    const { severalRuns } = await import('../chooseRuns.ts');
    const { printDiff } = await import('../runsOutput.ts');
    printDiff(severalRuns({ ...args, ids: words(args.runs) }), form, true);
  },
});

const tail = command({
  words: 'tail [run]',
  describe: "print the end of a run's log and follow it until the run is over",
  positionals: one,
  options: {
    results,
    where: whereInstead,
    lines: wholeNumber('lines', 'lines of the log to begin with', 10),
    follow: { type: 'boolean', default: true, describe: 'go on until the run is over' },
    json: { ...formOptions.json, describe: 'print a JSON object a line' },
  },
  async run(args) {
    const { chosenRun } = await import('../chooseRuns.ts');
    const { tailRun } = await import('../tailRun.ts');
    await tailRun(args.results, chosenRun({ ...args, ids: words(args.run) }), args);
  },
});

const rm = command({
  words: 'rm [runs..]',
  describe: 'delete run folders',
  positionals: some,
  options: {
    results,
    where: whereInstead,
    yes: { type: 'boolean', default: false, describe: 'delete what --where chooses; without it, only list that' },
    ...formOptions,
  },
  async run(args) {
    const form = formOf(args);
    const { removeRuns } = await import('@looplab/sweep');
    const { chosenRuns } = await import('../chooseRuns.ts');
    const { printRemoved } = await import('../runsOutput.ts');
    const ids = words(args.runs);
    const rows = chosenRuns({ ...args, ids });
    const isDeleted = ids.length > 0 || args.yes;
    if (isDeleted) removeRuns(args.results, rows);
    printRemoved(rows, form, isDeleted);
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
