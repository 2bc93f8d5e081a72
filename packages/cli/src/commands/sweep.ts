// `looplab sweep STUDY`: trains every run of a study's sweep; `sweep ls|show|retry|cancel|prune` handle sweeps that were begun.
import { columns } from '../columns.ts';
import { command } from '../command.ts';
import { deviceOf, deviceOptions } from '../device.ts';
import { UsageError } from '../errors.ts';
import { formOf, formOptions } from '../form.ts';
import { launcherFrom, launcherOptions } from '../launcherFlags.ts';
import { optionalWholeNumber, wholeNumber } from '../numbers.ts';
import { runOptions } from './run.ts';

const { json, results } = { json: runOptions.json, results: runOptions.results };

/** How runs are carried out, for `sweep` and `sweep retry`. */
const carryOptions = {
  results,
  workers: optionalWholeNumber('workers', 'runs at a time on this machine; default: one a core'),
  'max-failures': optionalWholeNumber('max-failures', 'failed runs before the sweep stops; default: it goes on'),
  retries: wholeNumber('retries', 'further starts of a run that was killed or met a sick machine', 2, 0),
  code: {
    type: 'string',
    requiresArg: true,
    describe: 'code id of the sweep to go on with after a change that does not matter to it',
  },
  ...launcherOptions,
  ...deviceOptions,
  json: { ...json, describe: 'print the result as one JSON line' },
} as const;

const sweepId = {
  sweep: { type: 'string', demandOption: true, describe: 'id of a sweep, or its first digits' },
} as const;

const ls = command({
  words: 'ls',
  describe: 'list sweeps',
  options: { results, json },
  async run(args) {
    const { listSweeps, sweepRows } = await import('@looplab/sweep');
    const sweeps = listSweeps(args.results).map(({ dir, manifest }) => {
      const statuses = Map.groupBy(sweepRows(dir), (row) => row.status);
      const counts = Object.fromEntries([...statuses].map(([status, rows]) => [status, rows.length]));
      const { id, spec, createdAt } = manifest;
      return { id, study: spec.study, scale: spec.scale, search: spec.search.id, createdAt, runs: counts, dir };
    });
    if (args.json) {
      process.stdout.write(`${JSON.stringify(sweeps)}\n`);
      return;
    }
    const rows = sweeps.map((s) => [
      ...[s.id, s.study, s.scale ?? '', s.search, s.createdAt.slice(0, 16).replace('T', ' ')],
      Object.entries(s.runs)
        .map(([status, n]) => `${n} ${status}`)
        .join(', '),
    ]);
    process.stdout.write(columns(['sweep', 'study', 'scale', 'search', 'begun', 'runs'], rows));
  },
});

const show = command({
  words: 'show <sweep>',
  describe: 'show the points of a sweep and what came of them',
  positionals: sweepId,
  options: { results, ...formOptions, csv: { ...formOptions.csv, describe: 'print a row a run as CSV' } },
  async run(args) {
    const form = formOf(args);
    const { findSweep, sweepRows, tableOf } = await import('@looplab/sweep');
    const { printSweep } = await import('../sweepStudy.ts');
    const { dir, manifest } = findSweep(args.results, String(args.sweep));
    const rows = sweepRows(dir);
    if (form === 'csv') process.stdout.write(tableOf(rows).toCSV());
    else if (form === 'json') process.stdout.write(`${JSON.stringify({ ...manifest, dir, rows })}\n`);
    else printSweep(rows, manifest.spec);
  },
});

const retry = command({
  words: 'retry <sweep>',
  describe: 'run failed runs of a sweep again, from their last checkpoints',
  positionals: sweepId,
  options: {
    failed: { type: 'boolean', default: false, describe: 'all that failed' },
    infra: { type: 'boolean', default: false, describe: 'those that were killed or met a sick machine' },
    ...carryOptions,
  },
  async run(args) {
    if (args.failed === args.infra) throw new UsageError('say which: --failed (all that failed) or --infra');
    const { assertComplete, findSweep } = await import('@looplab/sweep');
    const { carryOut, planFoundSweep, printResult } = await import('../sweepStudy.ts');
    const plan = await planFoundSweep(findSweep(args.results, String(args.sweep)), args.code);
    const result = await carryOut(plan, { ...(await carryOf(args)), retry: args.failed ? 'failed' : 'infra' });
    printResult(result, plan, args.json);
    assertComplete(result);
  },
});

const cancel = command({
  words: 'cancel <sweep>',
  describe: 'stop a sweep with its runs saved; the same sweep command goes on later',
  positionals: sweepId,
  options: { results },
  async run(args) {
    const { cancelSweep, findSweep } = await import('@looplab/sweep');
    const sweep = findSweep(args.results, String(args.sweep));
    const what = await cancelSweep(sweep);
    process.stdout.write(`sweep ${sweep.manifest.id}: ${what}\n`);
  },
});

const prune = command({
  words: 'prune <sweep> <runs..>',
  describe: 'give runs of a sweep up for good',
  positionals: {
    ...sweepId,
    runs: { type: 'string', array: true, demandOption: true, describe: 'ids of runs, or their first digits' },
  },
  options: { results },
  async run(args) {
    const { findSweep, pruneRuns } = await import('@looplab/sweep');
    const runs = Array.isArray(args.runs) ? args.runs.map(String) : [String(args.runs)];
    const pruned = pruneRuns(findSweep(args.results, String(args.sweep)), runs);
    process.stdout.write(`given up: ${pruned.join(', ')}\n`);
  },
});

export const sweep = command({
  words: 'sweep <study>',
  describe: 'train the runs of a sweep; the same command goes on where it was stopped',
  positionals: {
    study: { type: 'string', demandOption: true, describe: 'a study file, or the folder it lies in' },
  },
  options: {
    set: runOptions.set,
    grid: {
      type: 'string',
      array: true,
      default: [] as string[],
      nargs: 1,
      describe: "vary a setting instead of what the study's sweep says: --grid model.loops=1,2,4; may be repeated",
    },
    scale: runOptions.scale,
    seeds: runOptions.seeds,
    metric: { type: 'string', requiresArg: true, describe: "what trials are judged by; default: the task's metric" },
    'dry-run': { type: 'boolean', default: false, describe: 'print the plan and what it costs, and run nothing' },
    measure: {
      type: 'boolean',
      default: true,
      describe: 'with --dry-run: time a few updates to tell how long it takes',
    },
    ...carryOptions,
  },
  subcommands: [ls, show, retry, cancel, prune],
  examples: [
    ['sweep experiments/quickstart --scale tiny --workers 2', "the study's variants and seeds, two at a time"],
    ['sweep experiments/quickstart --grid model.loops=1,2,4 --dry-run', 'what a grid would cost'],
  ],
  async run(args) {
    const { assertComplete } = await import('@looplab/sweep');
    const { carryOut, planStudyFile, price, printEstimate, printResult } = await import('../sweepStudy.ts');
    const { gridFromFlags } = await import('../gridFlags.ts');
    const plan = await planStudyFile({
      ...{ file: String(args.study), set: args.set },
      ...(args.grid.length > 0 ? { search: gridFromFlags(args.grid) } : {}),
      ...(args.scale === undefined ? {} : { scale: args.scale }),
      ...(args.seeds === undefined ? {} : { seeds: args.seeds }),
      ...(args.metric === undefined ? {} : { metric: args.metric }),
      ...(args.code === undefined ? {} : { code: args.code }),
    });
    const carry = await carryOf(args);
    if (args['dry-run']) {
      printEstimate(await price(plan, carry, args.measure), args.json);
      return;
    }
    const result = await carryOut(plan, carry);
    printResult(result, plan, args.json);
    assertComplete(result);
  },
});

/** The flags as the library takes them. */
async function carryOf(
  args: Parameters<typeof deviceOf>[0] &
    Parameters<typeof launcherFrom>[0] & {
      readonly results: string;
      readonly workers: number | undefined;
      readonly 'max-failures': number | undefined;
      readonly retries: number;
    },
) {
  const launcher = await launcherFrom(args);
  return {
    results: args.results,
    device: deviceOf(args),
    retries: args.retries,
    ...(launcher ? { launcher } : {}),
    ...(args.workers === undefined ? {} : { workers: args.workers }),
    ...(args['max-failures'] === undefined ? {} : { maxFailures: args['max-failures'] }),
  };
}
