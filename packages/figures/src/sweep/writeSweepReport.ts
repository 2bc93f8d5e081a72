// The report of a sweep: what was tried, what came out best and by how much, which settings mattered, what failed, and where it came from.
import { relative, resolve, sep } from 'node:path';
import { capital } from '../metric.ts';
import type { StatusOf } from '../readRun.ts';
import { escapeHtml } from '../report/html.ts';
import { type Fact, madeHtml, originFacts, seedsOf } from '../report/origin.ts';
import { pageHtml, writePage } from '../report/page.ts';
import { extraTableHtml, sectionHtml, when } from '../report/sections.ts';
import { methodsParagraph } from './methods.ts';
import { readSweep } from './readSweep.ts';
import { readableRuns, type Sweep } from './sweep.ts';
import { sweepCharts } from './sweepCharts.ts';
import { bestTable, everyRun, lostTable, settingsTable, statsOf } from './sweepTables.ts';
import { verdictOf } from './verdict.ts';

export interface SweepReportOptions {
  /** A sweep's folder (it holds `sweep.json`), or any folder of runs. */
  readonly dir: string;
  /** Path of the HTML file. */
  readonly out: string;
  /** What to type to get the same again; default what the sweep's manifest says. */
  readonly commands?: readonly string[];
  /** How a run stands, for those who know whether its process is still there; default: as its `status.json` says. */
  readonly statusOf?: StatusOf;
}

/**
 * Writes the report of a sweep, or of a folder of runs, finished or not. Equal folders give equal bytes.
 * @throws FiguresError where the folder holds neither, or the file cannot be written
 */
export async function writeSweepReport(options: SweepReportOptions): Promise<{ path: string; bytes: number }> {
  return writePage(options.out, await sweepReportHtml(readSweep(options.dir, options.statusOf), options.commands));
}

/** The report as text. */
export async function sweepReportHtml(sweep: Sweep, commands: readonly string[] = commandsOf(sweep)): Promise<string> {
  const { study, manifest } = sweep;
  const runs = readableRuns(sweep);
  const paragraph = escapeHtml(methodsParagraph(sweep));
  return pageHtml({
    title: capital(study),
    eyebrow: manifest ? `LoopLab report: sweep ${manifest.id}` : 'LoopLab report: a folder of runs',
    description: verdictOf(sweep),
    blocks: [
      unfinishedHtml(sweep),
      statsOf(sweep),
      ...bestTable(sweep).map(extraTableHtml),
      sweepCharts(sweep),
      ...settingsTable(sweep).map(extraTableHtml),
      ...lostTable(sweep).map(extraTableHtml),
      sectionHtml('Methods', `<div class="prose"><p>${paragraph}</p></div>`),
      madeHtml(runs, commands, factsOf(sweep)),
      ...everyRun(sweep).map(extraTableHtml),
    ],
  });
}

function unfinishedHtml({ configurations }: Sweep): string {
  const waiting = new Set(['planned', 'queued', 'running', 'preempted']);
  const all = configurations.flatMap((c) => c.runs);
  const open = all.filter((r) => waiting.has(r.state)).length;
  if (open === 0) return '';
  return `<p class="warning"><strong>${open} of ${all.length} runs are not over yet.</strong> What is shown is what the others gave.</p>`;
}

function factsOf(sweep: Sweep): Fact[] {
  const { manifest, dir } = sweep;
  const runs = readableRuns(sweep);
  const begun = runs.flatMap((run) => run.manifest.createdAt ?? []).sort();
  return [
    ['Sweep', manifest ? `${manifest.id}, begun ${when(manifest.createdAt)}` : ''],
    ['Study file', manifest?.source ?? ''],
    ['Scale', manifest?.scale ?? ''],
    ['Settings of all runs', manifest?.overrides.join(', ') ?? ''],
    ['Search', manifest?.search.id ?? ''],
    ['Folder', placeOf(dir)],
    ['Runs begun', [...new Set([begun[0], begun.at(-1)])].map(when).join(' to ')],
    ['Seeds', seedsOf(runs).join(', ')],
    ...originFacts(runs),
  ];
}

/** From here where the folder lies below, else its last parts: where a home lies is nobody's business. */
function placeOf(dir: string): string {
  const here = relative(process.cwd(), dir);
  return here.startsWith('..') ? resolve(dir).split(sep).slice(-3).join('/') : here;
}

/** The command that the manifest stands for. */
function commandsOf({ manifest }: Sweep): string[] {
  if (manifest?.source === undefined) return [];
  const { source, scale, overrides, search } = manifest;
  return [
    [
      ...['pnpm looplab sweep', source],
      ...(search.id === 'grid' ? gridFlags(search.options.points) : []),
      ...(scale === undefined ? [] : [`--scale ${quoted(scale)}`]),
      ...overrides.map((o) => `--set ${quoted(o)}`),
    ].join(' '),
  ];
}

/** The axes of a grid as flags, where all combinations of their values are in it; a study may or may not have them itself. */
function gridFlags(points: unknown): string[] {
  if (!Array.isArray(points) || points.length === 0) return [];
  const keys = Object.keys(points[0] as object); // a point
  const axes = keys.map((key) => [key, [...new Set(points.map((p: Record<string, unknown>) => p[key]))]] as const);
  const isWhole = axes.reduce((n, [, values]) => n * values.length, 1) === points.length;
  const isPlain = axes.every(([, values]) => values.every((v) => typeof v === 'number' || /^\w+$/.test(String(v))));
  return isWhole && isPlain ? axes.map(([key, values]) => `--grid ${key}=${values.join(',')}`) : [];
}

/** As a shell reads it. */
function quoted(text: string): string {
  return /^[\w.,=+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
