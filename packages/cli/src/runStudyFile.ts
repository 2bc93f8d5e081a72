// Trains a study file's runs and derives its table, charts and report: what `run` and `quickstart` have in common.
import { join, relative, resolve } from 'node:path';
import { useDevice } from '@looplab/engine';
import { defaultCharts, readRun, type Summary, summaryOf, writeReport, writeSvg } from '@looplab/figures';
import { atScale, runStudy, type StudySummary, writeJsonAtomic } from '@looplab/train';
import type { Claim } from './claim.ts';
import { columns } from './columns.ts';
import type { deviceOf } from './device.ts';
import { loadStudy } from './loadStudy.ts';
import { makeFolder } from './makeFolder.ts';

export interface RunStudyFileOptions {
  /** Path of the study file, or of the folder it lies in. */
  readonly file: string;
  /** Settings as typed: `model.loops=4`. */
  readonly set: readonly string[];
  readonly scale?: string;
  readonly seeds?: number;
  /** Folder under which `<study>/<run id>/` is made. */
  readonly results: string;
  readonly device: ReturnType<typeof deviceOf>;
}

/** What came out, and where it lies. */
export interface StudyOutcome {
  readonly summary: StudySummary & { readonly claim?: Claim };
  /** Paths of `report.html` and of the charts beside it; absent where no run finished. */
  readonly report?: string;
  readonly charts: readonly string[];
  /** Means over seeds, for the table; absent where no run finished. */
  readonly table?: Summary;
}

/** Some runs of a study did not finish; the others did, and what they give was written. */
class RunsFailedError extends Error {
  override readonly name = 'RunsFailedError';
  readonly exitCode = 1;
}

/**
 * Trains what is not trained yet, then writes `summary.json`, `report.html` and an SVG of each chart into `<results>/<study>/`; at a
 * scale their names end in it.
 * @throws InputError, StudyError, OverrideError, RunFolderError, CancelledError
 */
export async function runStudyFile(options: RunStudyFileOptions): Promise<StudyOutcome> {
  const { study, path, claim: claimOf } = await loadStudy(options.file);
  makeFolder(options.results);
  await useDevice(options.device);
  const overrides = [...options.set, ...(options.seeds === undefined ? [] : [`seeds=${options.seeds}`])];
  const summary = await runStudy({
    study,
    source: path,
    results: options.results,
    overrides,
    output: process.stderr,
    ...(options.scale === undefined ? {} : { scale: options.scale }),
  });

  const folder = join(options.results, study.name);
  const named = (file: string): string => atScale(file, options.scale);
  const finished = summary.runs.filter((r) => r.status === 'finished');
  if (finished.length === 0) return { summary, charts: [] };
  const claim = finished.length === summary.runs.length ? claimOf?.(summary) : undefined;
  const claimed = claim === undefined ? summary : { ...summary, claim };
  if (claim !== undefined) writeJsonAtomic(join(folder, named('summary.json')), claimed);

  const runs = finished.map((r) => readRun(join(folder, r.runId)));
  const charts = defaultCharts(runs, { chance: summary.chance });
  const files: string[] = [];
  for (const chart of charts) {
    const file = join(folder, named(`${chart.id}.svg`));
    await writeSvg(file, chart);
    files.push(file);
  }
  const flags = [
    ...(options.scale === undefined ? [] : [`--scale ${options.scale}`]),
    ...overrides.map((o) => `--set ${o}`),
  ];
  const report = await writeReport({
    title: study.name.charAt(0).toUpperCase() + study.name.slice(1),
    runs,
    charts,
    out: join(folder, named('report.html')),
    chance: summary.chance,
    commands: [['pnpm looplab run', relative(process.cwd(), path), ...flags].join(' ')],
    ...describe(study.description, claim),
  });
  return { summary: claimed, report: resolve(report.path), charts: files, table: summaryOf(runs) };
}

/** What was asked, and what came out. */
function describe(question: string | undefined, claim: Claim | undefined): { description?: string } {
  const words = [question, claim && `Claim: ${claim.statement}. It ${verdict(claim)}.`];
  const description = words.filter((w) => w !== undefined).join(' ');
  return description === '' ? {} : { description };
}

function verdict({ holds, outcome }: Claim): string {
  return `${holds ? 'holds here' : 'does not hold here'}: ${outcome}`;
}

/** Prints the outcome for people, or as one JSON line. */
export function printOutcome({ summary, report, charts, table }: StudyOutcome, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...summary, report, charts })}\n`);
    return;
  }
  if (table) process.stdout.write(`\n${resultTable(table)}`);
  const { claim } = summary;
  if (claim) {
    process.stdout.write(`\nClaim: ${claim.statement}.\nIt ${verdict(claim)}.\n`);
  }
  if (report) process.stdout.write(`\nReport: ${report}\n`);
}

/** @throws RunsFailedError unless every run finished */
export function assertAllFinished({ summary }: StudyOutcome): void {
  const failed = summary.runs.filter((r) => r.status !== 'finished');
  if (failed.length === 0) return;
  throw new RunsFailedError(
    `${failed.length} of ${summary.runs.length} runs did not finish; their folders' log.txt says why:\n` +
      failed.map((r) => `  ${r.runId} (${r.variant ?? r.strategy} seed ${r.seed}): ${r.error ?? r.status}`).join('\n'),
  );
}

/** One line a model: size, the held-out result after each loop as a mean over seeds, and the time of a run. */
function resultTable({ quantity, rows }: Summary): string {
  const loops = Math.max(...rows.map((r) => r.perLoop.length));
  const headings = ['model', 'parameters', 'seeds'];
  for (let t = 1; t <= loops; t++) headings.push(`loop ${t}`);
  headings.push(quantity === 'accuracy' ? 'held-out accuracy' : 'held-out bits/byte', 'seconds');
  const lines = rows.map((row) => [
    row.series,
    String(row.params ?? ''),
    String(row.seeds.length),
    ...Array.from({ length: loops }, (_, t) => row.perLoop[t]?.mean.toFixed(3) ?? ''),
    row.final.mean.toFixed(3),
    row.seconds?.toFixed(1) ?? '',
  ]);
  return columns(headings, lines, [...headings.keys()].slice(1));
}
