// Writes a report about runs: what they show, what came out, and how it was made.
import type { Chart } from '../chart.ts';
import { defaultCharts } from '../charts/defaultCharts.ts';
import type { Run } from '../run.ts';
import type { LabelOf } from '../series.ts';
import { summaryOf } from '../summary.ts';
import { methodsHtml } from './origin.ts';
import { pageHtml, writePage } from './page.ts';
import {
  extraTableHtml,
  type ReportTable,
  runsHtml,
  sectionHtml,
  statsHtml,
  summaryHtml,
  warningHtml,
} from './sections.ts';

export interface ReportOptions {
  readonly title: string;
  readonly runs: readonly Run[];
  /** Path of the HTML file; its folder is made where it is missing. */
  readonly out: string;
  /** Default: every chart the runs can give. */
  readonly charts?: readonly Chart[];
  /** Tables after the results. */
  readonly tables?: readonly ReportTable[];
  /** Sections of our own making after the results; `html` stands as it is, so it must be safe. */
  readonly panels?: readonly { readonly title: string; readonly html: string }[];
  /** One or two sentences under the title: what was asked and what came out. */
  readonly description?: string;
  /** What to type to get the same again. */
  readonly commands?: readonly string[];
  /** Accuracy of guessing, for the default charts. */
  readonly chance?: number;
  /** How to name series. */
  readonly label?: LabelOf;
}

/**
 * Writes the report and returns its path and size. Equal runs and options give equal bytes.
 * @throws FiguresError where there is nothing to show or the file cannot be written
 */
export async function writeReport(options: ReportOptions): Promise<{ path: string; bytes: number }> {
  return writePage(options.out, await reportHtml(options));
}

/** The report as text. */
export async function reportHtml(options: ReportOptions): Promise<string> {
  const { title, runs, description, label } = options;
  const named = label === undefined ? {} : { label };
  const charts =
    options.charts ??
    defaultCharts(runs, { ...named, ...(options.chance === undefined ? {} : { chance: options.chance }) });
  const summary = summaryOf(runs, label);
  const studies = [...new Set(runs.map((run) => run.study))].join(', ');
  return pageHtml({
    title,
    eyebrow: `LoopLab report: ${studies}`,
    ...(description === undefined ? {} : { description }),
    blocks: [
      warningHtml(runs),
      statsHtml(summary),
      charts,
      summaryHtml(summary),
      ...(options.panels ?? []).map((p) => sectionHtml(p.title, p.html)),
      ...(options.tables ?? []).map(extraTableHtml),
      methodsHtml(runs, options.commands ?? []),
      runsHtml(runs, label),
    ],
  });
}
