// Runs analyses on trained models, keeps their tables in the run folder, and makes the run's report.
import { mkdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import {
  type Analysis,
  type AnalysisContext,
  AnalysisError,
  type AnalysisResult,
  analyses,
  answerTimes,
  DivergedError,
  type ProbeKind,
  skip,
} from '@looplab/analysis';
import { atomicWrite, ConfigError, nearest } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import {
  type AnalysisRecord,
  analysisCharts,
  defaultCharts,
  lensPanel,
  type ReportTable,
  type Run,
  readAnalyses,
  readRuns,
  writeReport,
} from '@looplab/figures';
import { loadRun } from '@looplab/train';
import { assertOnce, type Collected, collectTables } from './collectTables.ts';
import { sweepOf, writerFor } from './companions.ts';
import type { deviceOf } from './device.ts';
import { InputError } from './errors.ts';
import { loadStudy } from './loadStudy.ts';
import { makeFolder } from './makeFolder.ts';

export interface AnalyzeOptions {
  /** A run folder, or a folder of runs. */
  readonly path: string;
  readonly all: boolean;
  readonly only: readonly string[];
  readonly rows: number;
  readonly checkpoint: 'last' | 'best';
  readonly probe: ProbeKind;
  /** Study file that brings strategies which are not in the registry. */
  readonly study?: string;
  /** A run that writes its chain, or a folder with one of each seed. */
  readonly writer?: string;
  /** Folder for tables over all runs. */
  readonly collect?: string;
  /** Compute again what is there. */
  readonly again: boolean;
  readonly device: ReturnType<typeof deviceOf>;
  say(line: string): void;
}

/** What was written for one run. */
export interface AnalyzedRun {
  readonly run: string;
  readonly report: string;
  readonly analyses: readonly { readonly id: string; readonly skipped?: string }[];
}

/** What decides an analysis beside the run. */
interface Settings {
  readonly rows: number;
  readonly step: number;
  /** Absent where it is the default. */
  readonly probe?: Exclude<ProbeKind, 'ridge'>;
  /** Id of the run that writes the chain. */
  readonly writer?: string;
  /** Runs that a scaling law was fitted to. */
  readonly runs?: number;
}

/**
 * Analyses each run below `path`; results that are there with the same settings are kept.
 * @throws InputError, ConfigError, AnalysisError, FiguresError, RunFolderError
 */
export async function analyzeRuns(options: AnalyzeOptions): Promise<AnalyzedRun[]> {
  const wanted = chosen(options);
  const study = options.study === undefined ? undefined : (await loadStudy(options.study)).study;
  if (options.collect !== undefined) makeFolder(options.collect, 'choose another with --collect');
  await useDevice(options.device);
  const runs = readRuns(options.path);
  if (options.collect !== undefined) assertOnce(runs);
  const writers = options.writer === undefined ? undefined : readRuns(options.writer);
  const sweep = sweepOf(runs);
  const done: AnalyzedRun[] = [];
  const collected: Collected[] = [];
  const ofFolder = new Map<string, AnalysisResult>(); // the same for every run
  for (const [i, run] of runs.entries()) {
    const at = `[${i + 1}/${runs.length}] ${relative(process.cwd(), run.dir)}`;
    const loaded = loadRun(run.dir, { checkpoint: options.checkpoint, ...(study ? { study } : {}) });
    const writer = writers && writerFor(loaded, writers, options.checkpoint);
    const { model, strategy, params, task, seed } = loaded;
    const context: AnalysisContext = {
      ...{ model, strategy, params, task, seed, rows: options.rows, probe: options.probe, progress: () => {} },
      ...(writer ? { writer } : {}),
      ...(sweep ? { sweep } : {}),
    };
    const kept = options.again ? [] : readAnalyses(run.dir);
    for (const analysis of wanted) {
      const ofAll = analysis.of === 'folder';
      const settings: Settings = {
        ...{ rows: options.rows, step: loaded.step },
        ...(options.probe === 'ridge' ? {} : { probe: options.probe }),
        ...(writer && !ofAll ? { writer: basename(writer.dir) } : {}),
        ...(sweep && ofAll ? { runs: sweep.length } : {}),
      };
      if (isDone(kept, analysis.id, settings)) continue;
      options.say(`${at} ${analysis.id}`);
      const progress = (text: string): void => options.say(`${at} ${analysis.id}: ${text}`);
      const measured = writer && analysis.id === 'cotBaseline' ? { milliseconds: await answerTimes(context) } : {};
      const result = ofFolder.get(analysis.id) ?? (await ask(analysis, { ...context, ...measured, progress }, options));
      if (ofAll) ofFolder.set(analysis.id, result);
      keep(run.dir, analysis, settings, result);
    }
    const records = readAnalyses(run.dir);
    collected.push({ run, records });
    const report = await writeRunReport(run, records);
    done.push({
      run: relative(process.cwd(), run.dir),
      report,
      analyses: records.map(({ id, skipped }) => ({ id, ...(skipped === undefined ? {} : { skipped }) })),
    });
    for (const tensor of [params, writer?.params ?? {}].flatMap((p) => Object.values(p))) tensor.dispose();
  }
  if (options.collect !== undefined)
    collectTables(
      options.collect,
      collected,
      wanted.map((a) => a.id),
    );
  return done;
}

/** What cannot be asked of a run, such as probes of too few rows, is an error only where it was asked for by name. */
async function ask(analysis: Analysis, context: AnalysisContext, { only }: AnalyzeOptions): Promise<AnalysisResult> {
  try {
    return await analysis.run(context);
  } catch (error) {
    const isRefusal = error instanceof AnalysisError && !(error instanceof DivergedError);
    if (only.includes(analysis.id) || !isRefusal) throw error;
    return skip(`does not apply: ${error.message}`);
  }
}

function chosen({ all, only }: AnalyzeOptions): Analysis[] {
  const known = analyses.map((a) => a.id);
  for (const id of only) {
    if (known.includes(id)) continue;
    const close = nearest(id, known);
    throw new ConfigError(
      `there is no analysis ${id}; ${close === undefined ? `there are ${known.join(', ')}` : `did you mean ${close}?`}`,
    );
  }
  if (!all && only.length === 0)
    throw new InputError(`say which analyses: --all, or --only with one of ${known.join(', ')}`);
  return all ? [...analyses] : analyses.filter((a) => only.includes(a.id));
}

function isDone(kept: readonly AnalysisRecord[], id: string, settings: Settings): boolean {
  const known = kept.find((r) => r.id === id);
  return JSON.stringify(known?.settings) === JSON.stringify(settings);
}

function keep(dir: string, { id, title, tables: columns }: Analysis, settings: Settings, result: AnalysisResult): void {
  const { tables, notes, skipped } = result;
  const record = { id, title, settings, columns, tables, notes, ...(skipped === undefined ? {} : { skipped }) };
  const folder = join(dir, 'artifacts', 'analysis');
  mkdirSync(folder, { recursive: true });
  atomicWrite(join(folder, `${id}.json`), [Buffer.from(`${JSON.stringify(record)}\n`)]);
}

/** `report.html` beside the run: what training measured, and what the analyses found. */
async function writeRunReport(run: Run, records: readonly AnalysisRecord[]): Promise<string> {
  const lens = records.find((r) => r.id === 'geometry')?.tables.lens ?? [];
  const skipped = records.flatMap((r) => (r.skipped === undefined ? [] : [[r.id, r.skipped]]));
  const { path } = await writeReport({
    title: `${run.study}: ${String(run.config.variant ?? run.strategy)}`,
    description: 'What the model computes in its loops: every analysis that applies to this run.',
    runs: [run],
    charts: [...defaultCharts([run]), ...analysisCharts(records)],
    out: join(run.dir, 'report.html'),
    panels: lens.length === 0 ? [] : [{ title: 'The logit lens', html: lensPanel(lens) }],
    tables: [
      ...records.flatMap(tablesOf),
      ...(skipped.length === 0 ? [] : [{ title: 'What does not apply', columns: ['analysis', 'why'], rows: skipped }]),
    ],
    commands: [`pnpm looplab analyze ${relative(process.cwd(), run.dir)} --all`],
  });
  return path;
}

/** Rows of a table that a page can hold; all of them are in the run folder. */
const SHOWN = 24;

function tablesOf({ id, title, tables, notes }: AnalysisRecord): ReportTable[] {
  const shown = Object.entries(tables).filter(([name, rows]) => rows.length > 0 && name !== 'lens' && name !== 'paths');
  return shown.map(([name, rows], i) => {
    const columns = Object.keys(rows[0] ?? {});
    const cut = rows.length > SHOWN ? ` ${rows.length - SHOWN} more rows are in artifacts/analysis/${id}.json.` : '';
    return {
      title: i === 0 ? title : `${title}: ${name}`,
      columns,
      rows: rows.slice(0, SHOWN).map((row) => columns.map((c) => written(row[c] ?? null))),
      folded: true,
      note: `${i === 0 ? notes.join(' ') : ''}${cut}`.trim(),
    };
  });
}

function written(value: string | number | boolean | null): string | number {
  if (value === null) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}
