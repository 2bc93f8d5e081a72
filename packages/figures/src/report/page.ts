// A page that needs nothing from outside: text and tables as they are given, charts alive, with still pictures for readers without scripts.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TopLevelSpec } from 'vega-lite';
import type { Chart } from '../chart.ts';
import { fontFaces } from '../fonts.ts';
import { renderSvg } from '../render.ts';
import { FiguresError } from '../run.ts';
import { BARE_PADDING, type Mode, themeConfig } from '../theme.ts';
import { escapeHtml, scriptJson, scriptSource } from './html.ts';
import { libraries, sourceOf } from './libraries.ts';
import { liveScript } from './live.ts';
import { figureHtml, type Plot } from './sections.ts';
import { styleSheet } from './style.ts';

export interface Page {
  readonly title: string;
  /** Above the title. */
  readonly eyebrow: string;
  /** Under the title. */
  readonly description?: string;
  /** From top to bottom: HTML, which stands as it is, or charts side by side. */
  readonly blocks: readonly (string | readonly Chart[])[];
}

/** A chart in its place, as the page's script knows it. */
interface LivePlot {
  readonly id: string;
  readonly alt: string;
  readonly spec: TopLevelSpec;
  readonly compact?: TopLevelSpec;
  readonly size: keyof typeof sizes;
}

/** Of the still pictures, in px. */
const sizes = {
  wide: { width: 960, height: 380 },
  half: { width: 520, height: 300 },
  panel: { width: 320, height: 230 },
} as const;

/** The page as text. Equal pages give equal bytes. */
export async function pageHtml({ title, eyebrow, description, blocks }: Page): Promise<string> {
  const plots: LivePlot[] = [];
  const place = async (plot: LivePlot, title?: string): Promise<Plot> => {
    const index = plots.push(plot) - 1;
    const still = (mode: Mode) =>
      renderSvg(plot.spec, {
        ...{ mode, ...sizes[plot.size], embedFont: false, bare: true, idPrefix: `f${index}${mode}-` },
        ...(mode === 'light' ? { alt: plot.alt } : {}),
      });
    const stills = { light: await still('light'), dark: await still('dark') };
    return { index, stills, ...(title === undefined ? {} : { title }) };
  };
  const parts: string[] = [];
  for (const block of blocks) {
    if (typeof block === 'string') {
      parts.push(block);
      continue;
    }
    const wide = wideOnes(block);
    const figures: string[] = [];
    for (const [i, chart] of block.entries()) {
      const { id, alt, spec, compact, panels } = chart;
      const own: Plot[] = [];
      for (const [k, panel] of (panels ?? []).entries()) {
        own.push(await place({ id: `${id}-${k + 1}`, alt: panel.alt, spec: panel.spec, size: 'panel' }, panel.title));
      }
      const size = wide[i] ? 'wide' : 'half';
      if (panels === undefined) own.push(await place({ id, alt, spec, size, ...(compact ? { compact } : {}) }));
      figures.push(figureHtml(chart, wide[i] ?? false, own));
    }
    if (figures.length > 0) parts.push(`<div class="charts">\n${figures.join('\n')}\n</div>`);
  }
  const data = { charts: plots, config: { light: bareConfig('light'), dark: bareConfig('dark') } };
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
<p class="eyebrow">${escapeHtml(eyebrow)}</p>
<h1>${escapeHtml(title)}</h1>
${description === undefined ? '' : `<p class="lead">${escapeHtml(description)}</p>`}
</header>
${parts.filter((part) => part !== '').join('\n')}
<footer>Made by LoopLab from run folders. Charts are Vega-Lite; colours are those of Okabe and Ito.</footer>
</main>
<script id="charts" type="application/json">${scriptJson(data)}</script>
${libraries.map((library) => `<script>${scriptSource(sourceOf(library))}</script>`).join('\n')}
<script>${liveScript}</script>
</body>
</html>
`;
}

/** Writes a page; its folder is made where it is missing. */
export function writePage(path: string, html: string): { path: string; bytes: number } {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, html);
  } catch (error) {
    throw new FiguresError(
      `cannot write ${path} (${error instanceof Error ? error.message : String(error)}); choose another place`,
    );
  }
  return { path, bytes: Buffer.byteLength(html) };
}

/** Which charts take a whole row: the first one, small multiples, and what would be left with nothing beside it. */
function wideOnes(charts: readonly Chart[]): boolean[] {
  const wide = charts.map((chart, i) => i === 0 || chart.panels !== undefined);
  let halves = 0;
  for (const [i, isWide] of [...wide, true].entries()) {
    if (!isWide) halves++;
    else {
      if (halves % 2 === 1) wide[i - 1] = true;
      halves = 0;
    }
  }
  return wide;
}

/** On a card the ground is the card's. */
function bareConfig(mode: Mode): object {
  return { ...themeConfig('screen', mode), background: 'transparent', padding: BARE_PADDING, aria: false };
}
