// Writes a report: one HTML file with charts, tables and provenance that needs nothing else, not even a network.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Chart } from '../chart.ts';
import { defaultCharts } from '../charts/defaultCharts.ts';
import { fontFaces } from '../fonts.ts';
import { renderSvg } from '../render.ts';
import { FiguresError, type Run } from '../run.ts';
import type { LabelOf } from '../series.ts';
import { summaryOf } from '../summary.ts';
import { BARE_PADDING, type Mode, themeConfig } from '../theme.ts';
import { escapeHtml, scriptJson, scriptSource } from './html.ts';
import { libraries, sourceOf } from './libraries.ts';
import { liveScript } from './live.ts';
import {
  extraTableHtml,
  figureHtml,
  methodsHtml,
  type ReportTable,
  runsHtml,
  sectionHtml,
  statsHtml,
  summaryHtml,
  warningHtml,
} from './sections.ts';
import { styleSheet } from './style.ts';

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
  const html = await reportHtml(options);
  try {
    mkdirSync(dirname(options.out), { recursive: true });
    writeFileSync(options.out, html);
  } catch (error) {
    throw new FiguresError(
      `cannot write ${options.out} (${error instanceof Error ? error.message : String(error)}); choose another place`,
    );
  }
  return { path: options.out, bytes: Buffer.byteLength(html) };
}

/** The report as text. */
export async function reportHtml(options: ReportOptions): Promise<string> {
  const { title, runs, description, label } = options;
  const named = label === undefined ? {} : { label };
  const charts =
    options.charts ??
    defaultCharts(runs, { ...named, ...(options.chance === undefined ? {} : { chance: options.chance }) });
  const summary = summaryOf(runs, label);
  const wide = (i: number) => i === 0 || (i === charts.length - 1 && charts.length % 2 === 0);
  const figures: string[] = [];
  for (const [i, chart] of charts.entries()) {
    const still = (mode: Mode) =>
      renderSvg(chart.spec, {
        mode,
        width: wide(i) ? 960 : 520,
        height: wide(i) ? 380 : 300,
        embedFont: false,
        idPrefix: `f${i}${mode}-`,
        bare: true,
        ...(mode === 'light' ? { alt: chart.alt } : {}),
      });
    figures.push(figureHtml(chart, i, wide(i), { light: await still('light'), dark: await still('dark') }));
  }
  const studies = [...new Set(runs.map((run) => run.study))].join(', ');
  const data = {
    charts: charts.map(({ id, alt, spec, compact }, i) => ({ id, alt, spec, compact, wide: wide(i) })),
    config: { light: bareConfig('light'), dark: bareConfig('dark') },
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; font-src data:; img-src data: blob:">
<title>${escapeHtml(title)}</title>
<style>${fontFaces()}${styleSheet}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">LoopLab report: ${escapeHtml(studies)}</p>
<h1>${escapeHtml(title)}</h1>
${description === undefined ? '' : `<p class="lead">${escapeHtml(description)}</p>`}
</header>
${warningHtml(runs)}
${statsHtml(summary)}
<div class="charts">
${figures.join('\n')}
</div>
${summaryHtml(summary)}
${(options.panels ?? []).map((p) => sectionHtml(p.title, p.html)).join('\n')}
${(options.tables ?? []).map(extraTableHtml).join('\n')}
${methodsHtml(runs, options.commands ?? [])}
${runsHtml(runs, label)}
<footer>Made by LoopLab from run folders. Charts are Vega-Lite; colours are those of Okabe and Ito.</footer>
</main>
<script id="charts" type="application/json">${scriptJson(data)}</script>
${libraries.map((library) => `<script>${scriptSource(sourceOf(library))}</script>`).join('\n')}
<script>${liveScript}</script>
</body>
</html>
`;
}

/** On a card the ground is the card's. */
function bareConfig(mode: Mode): object {
  return { ...themeConfig('screen', mode), background: 'transparent', padding: BARE_PADDING, aria: false };
}
