// Draws Vega-Lite specifications to SVG and PNG without a browser, with the true widths of Inter, the same bytes each time.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { View } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import type { Chart } from './chart.ts';
import { fontFaces, loadFonts, type Measure } from './fonts.ts';
import { escapeHtml } from './report/html.ts';
import { FiguresError } from './run.ts';
import { BARE_PADDING, FONT, labelSize, type Mode, PAPER_WIDTH, type ThemeName, themeConfig } from './theme.ts';

export interface RenderOptions {
  /** Default `screen`. */
  readonly theme?: ThemeName;
  /** Default `light`; paper is always light. */
  readonly mode?: Mode;
  /** Of the whole picture, in px (screen, default 720) or pt (paper, default 396 = 5.5 in). */
  readonly width?: number;
  /** Of the whole picture; default half the width. */
  readonly height?: number;
  /** A heading inside the picture. */
  readonly title?: { readonly text: string; readonly subtitle?: string };
  /** What the picture shows, for screen readers. */
  readonly alt?: string;
  /** Carry Inter inside the SVG, about 32 kB for each weight that it uses; default true. Without it the SVG needs Inter where it is shown. */
  readonly embedFont?: boolean;
  /** No ground and no margin, for pages that bring their own. */
  readonly bare?: boolean;
  /** Put before the ids inside the SVG, so that several can stand in one page. */
  readonly idPrefix?: string;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Of the whole picture. */
function wantedSize(options: RenderOptions): Size {
  const width = options.width ?? (options.theme === 'paper' ? PAPER_WIDTH : 720);
  return { width, height: options.height ?? Math.round(width / 2) };
}

/**
 * A specification with size, theme and margins, ready for any Vega-Lite.
 * @param frame the size that panels share, margins included as far as they can be guessed
 * @param beside what is left of the heading, which begins beside the tick labels
 */
function themed(
  spec: TopLevelSpec,
  options: RenderOptions,
  measure: Measure,
  frame = wantedSize(options),
  beside = usualLabels(options),
): TopLevelSpec {
  const theme = options.theme ?? 'screen';
  const config = themeConfig(theme, theme === 'paper' ? 'light' : (options.mode ?? 'light'));
  const size = labelSize(theme);
  const room = wantedSize(options).width - beside;
  return {
    ...spec,
    ...sized(spec, frame, size),
    config: { ...config, ...(options.bare ? { background: 'transparent', padding: BARE_PADDING } : {}), aria: false },
    ...(options.title
      ? { title: { text: options.title.text, subtitle: wrap(options.title.subtitle, room, size, measure) } }
      : {}),
  } as TopLevelSpec; // spreading a union loses which member it was
}

/** Vega-Lite fits one view into a frame, but not a row of panels: they get their share of it. */
function sized(spec: TopLevelSpec, { width, height }: Size, label: number): object {
  const panels = panelsOf(spec);
  if (panels === undefined) return { width, height, autosize: { type: 'fit', contains: 'padding' } };
  const { columns = 1 } = spec as { columns?: number }; // of facets and concatenations
  const across = Math.min(columns, panels);
  const spacing = 2 * label;
  const inner = {
    width: Math.max(label, width / across - 2 * spacing),
    height: Math.max(label, height / Math.ceil(panels / across) - 2.5 * spacing),
  };
  if ('concat' in spec) return { spacing, concat: spec.concat.map((unit) => ({ ...unit, ...inner })) };
  return { spacing, spec: { ...('spec' in spec ? spec.spec : {}), ...inner } };
}

/** How many panels there are; undefined for a single view. */
function panelsOf(spec: TopLevelSpec): number | undefined {
  if ('concat' in spec) return spec.concat.length;
  if (!('facet' in spec)) return undefined;
  const { data, facet } = spec as { data: { values: object[] }; facet: { field: string } }; // as heatMap makes them
  return new Set(data.values.map((row) => row[facet.field as keyof typeof row])).size;
}

/** The specification as `renderSvg` draws it, with size, theme and margins, for other programs that draw Vega-Lite. */
export async function themedSpec(spec: TopLevelSpec, options: RenderOptions = {}): Promise<TopLevelSpec> {
  const { measure } = loadFonts();
  return themed(spec, options, measure);
}

/**
 * The specification as SVG text. Equal arguments give equal bytes.
 * @throws FiguresError where Vega-Lite cannot compile or draw it
 */
export async function renderSvg(spec: TopLevelSpec, options: RenderOptions = {}): Promise<string> {
  const view = await viewOf(spec, options);
  const svg = await view.toSVG();
  view.finalize();
  return dress(renumber(svg, options.idPrefix ?? ''), options);
}

/** The specification as PNG bytes, `scale` pixels to a px or pt (default 2). */
export async function renderPng(
  spec: TopLevelSpec,
  options: RenderOptions & { readonly scale?: number } = {},
): Promise<Buffer> {
  const scale = options.scale ?? 2;
  const { canvas } = loadFonts();
  const view = await viewOf(spec, options);
  const { width, height } = sizeOf(await view.toSVG());
  const picture = canvas.createCanvas(Math.round(width * scale), Math.round(height * scale));
  await view.toCanvas(scale, { externalContext: picture.getContext('2d') });
  view.finalize();
  return picture.toBuffer('image/png');
}

/** Width and height of an SVG in its own units. */
export function sizeOf(svg: string): Size {
  const [, width, height] = svg.match(/^<svg[^>]* width="([\d.]+)(?:pt)?" height="([\d.]+)/) ?? [];
  return { width: Number(width), height: Number(height) };
}

/** A chart with its title and caption inside. */
export function headedSvg(chart: Chart, options: RenderOptions = {}): Promise<string> {
  return renderSvg(chart.spec, headed(chart, options));
}

/** Draws a chart, title and caption inside, into an SVG file that needs nothing else; makes the folder where it is missing. */
export async function writeSvg(path: string, chart: Chart, options: RenderOptions = {}): Promise<void> {
  write(path, await headedSvg(chart, options));
}

/** As writeSvg, for a PNG file. */
export async function writePng(
  path: string,
  chart: Chart,
  options: RenderOptions & { readonly scale?: number } = {},
): Promise<void> {
  write(path, await renderPng(chart.spec, headed(chart, options)));
}

function headed<O extends RenderOptions>(chart: Chart, options: O): O {
  // Papers put the words into LaTeX.
  const title = options.theme === 'paper' ? {} : { title: { text: chart.title, subtitle: chart.caption } };
  return { alt: chart.alt, ...title, ...options };
}

function write(path: string, content: string | Buffer): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  } catch (error) {
    throw new FiguresError(
      `cannot write ${path} (${error instanceof Error ? error.message : String(error)}); choose another place`,
    );
  }
}

async function viewOf(spec: TopLevelSpec, options: RenderOptions): Promise<View> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const { measure } = loadFonts();
  // Not in vega's types, but its documented hook: without a browser it would guess 0.8 em a letter.
  const { textMetrics } = vega as unknown as { textMetrics: { width: (item: TextItem, text: unknown) => number } };
  textMetrics.width = (item, text) => measure(String(text ?? ''), fontOf(item));
  const run = async (frame: Size, beside?: number): Promise<View> => {
    const compiled = vegaLite.compile(themed(spec, options, measure, frame, beside)).spec;
    const view = new vega.View(vega.parse(compiled), { renderer: 'none', logLevel: vega.Error });
    await view.runAsync();
    return view;
  };
  try {
    const wanted = wantedSize(options);
    const view = await run(wanted);
    if (panelsOf(spec) === undefined) {
      // Long tick labels push the heading to the right, which is known once they are drawn.
      const [beside = 0] = view.origin();
      if (!options.title || beside <= usualLabels(options)) return view;
      view.finalize();
      return await run(wanted, beside);
    }
    // What axes, names and legends take beside panels is known once they are drawn.
    const { width, height } = sizeOf(await view.toSVG());
    view.finalize();
    return await run({ width: 2 * wanted.width - width, height: 2 * wanted.height - height });
  } catch (error) {
    throw new FiguresError(`the chart cannot be drawn: ${error instanceof Error ? error.message : String(error)}`);
  }
}

interface TextItem {
  readonly fontSize?: number;
  readonly fontWeight?: string | number;
  readonly fontStyle?: string;
}

function fontOf(item: TextItem): string {
  return `${item.fontStyle ?? ''} ${item.fontWeight ?? 400} ${item.fontSize ?? 11}px ${FONT}`.trim();
}

/** Vega numbers clip paths over the life of the process; here they count from 0 in each picture. */
function renumber(svg: string, prefix: string): string {
  const ids = new Map<string, string>();
  const rename = (id: string) => {
    const known = ids.get(id) ?? `${prefix}${id.replace(/\d+$/, '')}${ids.size}`;
    ids.set(id, known);
    return known;
  };
  return svg
    .replace(/ id="((?:clip|gradient_?|pattern_?)\d+)"/g, (_, id: string) => ` id="${rename(id)}"`)
    .replace(/url\(#((?:clip|gradient_?|pattern_?)\d+)\)/g, (_, id: string) => `url(#${rename(id)})`);
}

/** Adds the font, the words for screen readers and, on paper, sizes in points. */
function dress(svg: string, options: RenderOptions): string {
  const label = options.alt === undefined ? '' : ` role="img" aria-label="${escapeHtml(options.alt)}"`;
  const dressed = svg.replace(/^<svg([^>]*)>/, (_, attributes: string) => {
    const sized =
      options.theme === 'paper' ? attributes.replace(/ (width|height)="([\d.]+)"/g, ' $1="$2pt"') : attributes;
    return `<svg${sized}${label}>`;
  });
  return (options.embedFont ?? true) ? withFont(dressed) : dressed;
}

/** Puts Inter inside an SVG that was drawn without it. */
export function withFont(svg: string): string {
  const style = `<style>${fontFaces(weightsIn(svg))}</style>`;
  return svg.replace(/^<svg[^>]*>/, (open) => `${open}${style}`);
}

/** The weights of Inter that its texts are set in. */
function weightsIn(svg: string): number[] {
  return svg.includes('font-weight="600"') ? [400, 600] : [400];
}

/** Room that tick labels take at most as a rule, beside which a heading begins. */
function usualLabels(options: RenderOptions): number {
  return 4.5 * labelSize(options.theme ?? 'screen');
}

/** Breaks a text into lines that fit. */
function wrap(text: string | undefined, width: number, size: number, measure: Measure): string[] {
  const lines: string[] = [];
  for (const word of (text ?? '').split(/ +/).filter((w) => w !== '')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length === 0 || measure(longer, `400 ${size}px ${FONT}`) > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}
