// Charts, tables and runs in the forms that notebooks display.
import { createHash } from 'node:crypto';
import {
  type Chart,
  defaultCharts,
  FiguresError,
  type RenderOptions,
  type Run,
  renderSvg,
  themedSpec,
} from '@looplab/figures';
import { type MimeBundle, VEGALITE } from './mimeBundle.ts';
import { NotebookError } from './notebookError.ts';
import { runRows } from './runRows.ts';
import { extract, htmlTable, type TableLike, textTable } from './table.ts';

/** A chart, an Arquero table, rows, or runs. */
export type Showable = Chart | TableLike | Run | readonly object[];

export interface BundleOptions extends Pick<RenderOptions, 'theme' | 'mode' | 'width' | 'height'> {
  /** Charts that answer the mouse, where the viewer draws Vega-Lite 5 as JupyterLab does; default false: an SVG picture. */
  readonly interactive?: boolean;
  /** Most rows of a table that are shown; default 20. */
  readonly rows?: number;
  /** Stands over a table. */
  readonly title?: string;
}

const SCHEMA = 'https://vega.github.io/schema/vega-lite/v5.json';

/**
 * What `show` displays, output by output: a chart or table is one; runs are a table and the charts they give.
 * @throws NotebookError for anything else, FiguresError for a chart that cannot be drawn
 */
export async function bundlesOf(what: Showable, options: BundleOptions = {}): Promise<MimeBundle[]> {
  if (typeof what !== 'object' || what === null) throw unknown(what); // a cell of JavaScript may pass anything
  if (isRun(what)) return runBundles([what], options);
  if (Array.isArray(what)) {
    const wrong: unknown = what.find((row) => typeof row !== 'object' || row === null);
    if (wrong !== undefined) throw unknown([wrong]);
    return what.length > 0 && what.every(isRun) ? runBundles(what, options) : [tableBundle(what, options)];
  }
  if (isChart(what)) return [await chartBundle(what, options)];
  if ('columnNames' in what) return [tableBundle(what, options)];
  throw unknown(what);
}

function isRun(x: object): x is Run {
  return 'evals' in x && 'manifest' in x && 'dir' in x;
}

function isChart(x: object): x is Chart {
  return 'spec' in x && 'caption' in x;
}

function unknown(what: unknown): NotebookError {
  const got = Array.isArray(what) ? `a list of ${typeof what[0]}` : what === null ? 'null' : `a ${typeof what}`;
  return new NotebookError(
    `show takes a chart, an Arquero table, rows (a list of objects) or runs, and got ${got}; print other values with console.log`,
  );
}

async function runBundles(runs: readonly Run[], options: BundleOptions): Promise<MimeBundle[]> {
  return [
    tableBundle(runRows(runs), options),
    ...(await Promise.all(chartsOf(runs).map((chart) => chartBundle(chart, options)))),
  ];
}

function chartsOf(runs: readonly Run[]): readonly Chart[] {
  try {
    return defaultCharts(runs);
  } catch (error) {
    if (error instanceof FiguresError) return []; // nothing was evaluated yet
    throw error;
  }
}

function tableBundle(table: TableLike | readonly object[], { rows = 20, title }: BundleOptions): MimeBundle {
  const part = extract(table, rows);
  return { 'text/html': htmlTable(part, title), 'text/plain': textTable(part, title) };
}

async function chartBundle(chart: Chart, options: BundleOptions): Promise<MimeBundle> {
  const { interactive = false, rows: _rows, title: _title, ...look } = options;
  // on paper the words stand in LaTeX
  const words = look.theme === 'paper' ? {} : { title: { text: chart.title, subtitle: chart.caption } };
  const render = { ...look, ...words, alt: chart.alt };
  // ids inside of it must differ from those of other charts of the page
  const idPrefix = `c${createHash('sha256').update(JSON.stringify(chart.spec)).digest('hex').slice(0, 8)}-`;
  const svg = await renderSvg(chart.spec, { ...render, idPrefix });
  const picture = { 'image/svg+xml': svg, 'text/plain': `${chart.title}. ${chart.alt}` };
  if (!interactive) return picture;
  const spec = { ...(await themedSpec(chart.spec, render)), $schema: SCHEMA, description: chart.alt };
  return { [VEGALITE]: spec, ...picture };
}
