// Writes a figure in every form, and checks that the forms on disk are the ones its inputs give.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Figure, openInputs, type PaperSize, sha256 } from './figure.ts';
import { latexTable } from './latex.ts';
import { pdfOf } from './pdf.ts';
import { headedSvg, renderPng, renderSvg, sizeOf, withFont } from './render.ts';
import { FiguresError } from './run.ts';
import { PAPER_WIDTH, paperWidths } from './theme.ts';

/** The bytes of each file of a figure by its ending. */
type Forms = ReadonlyMap<string, Buffer>;

/** Pictures depend on the fonts and shaping of a machine's canvas library; numbers, specification and vectors do not. */
const PIXELS = 'png';

/**
 * Writes `<out>/<id>` for paper as `.svg`, `.pdf` and `.png`, for pages as `.screen.svg` and `.dark.svg`, its numbers as `.csv` and
 * `.tex`, its specification as `.vl.json`, and where it came from as `.provenance.json`. Equal inputs give equal bytes.
 * @param root the study's folder, from which the figure's inputs are read
 * @returns the paths written
 * @throws FiguresError where an input is missing or the figure cannot be drawn
 */
export async function buildFigure(figure: Figure, { root, out }: { root: string; out: string }): Promise<string[]> {
  const forms = await formsOf(figure, root);
  try {
    mkdirSync(out, { recursive: true });
    return [...forms].map(([ending, bytes]) => {
      const path = join(out, `${figure.id}.${ending}`);
      writeFileSync(path, bytes);
      return path;
    });
  } catch (error) {
    throw new FiguresError(
      `cannot write into ${out} (${error instanceof Error ? error.message : String(error)}); choose another place`,
    );
  }
}

/**
 * Draws the figure anew and compares it with what lies in `out`; of PNG files the size in pixels is compared.
 * @returns the files that differ or are missing, empty where all are as they should be
 */
export async function checkFigure(figure: Figure, { root, out }: { root: string; out: string }): Promise<string[]> {
  const forms = await formsOf(figure, root);
  return [...forms].flatMap(([ending, bytes]) => {
    const path = join(out, `${figure.id}.${ending}`);
    if (!existsSync(path)) return [path];
    const there = readFileSync(path);
    const isSame = ending === PIXELS ? pngHead(there).equals(pngHead(bytes)) : there.equals(bytes);
    return isSame ? [] : [path];
  });
}

/** What a PNG begins with: its signature, then the chunk IHDR as far as width and height. */
function pngHead(bytes: Buffer): Buffer {
  return bytes.subarray(0, 24);
}

async function formsOf(figure: Figure, root: string): Promise<Forms> {
  if (!/^[A-Za-z0-9-]+$/.test(figure.id)) {
    throw new FiguresError(`a figure's id may have letters, digits and '-' (got '${figure.id}')`);
  }
  const { inputs, origins } = openInputs(figure, root);
  const table = figure.table(inputs);
  if (table.numRows() === 0) throw new FiguresError(`figure ${figure.id} has no numbers to draw; look at its table()`);
  const size = sizeOnPaper(figure);
  const chart = figure.chart(table, size);
  const paper = { ...size, theme: 'paper' as const, alt: chart.alt };
  // as wide as a page's column of text, with the words that LaTeX sets on paper inside
  const page = { width: 720, height: Math.round((720 * size.height) / size.width) + 60 };
  const bare = await renderSvg(chart.spec, { ...paper, embedFont: false });
  const csv = `${table.toCSV()}\n`;
  const provenance = {
    figure: figure.id,
    title: chart.title,
    caption: chart.caption,
    inputs: origins,
    data: sha256([csv]),
  };
  const json = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
  return new Map([
    ['vl.json', json(chart.spec)],
    ['svg', Buffer.from(withFont(bare))],
    ['pdf', await pdfOf(bare, sizeOf(bare))],
    ['screen.svg', Buffer.from(await headedSvg(chart, { ...page, mode: 'light' }))],
    ['dark.svg', Buffer.from(await headedSvg(chart, { ...page, mode: 'dark' }))],
    [PIXELS, await renderPng(chart.spec, { ...paper, scale: 3 })],
    ['csv', Buffer.from(csv)],
    ['tex', Buffer.from(latexTable(table))],
    ['provenance.json', json(provenance)],
  ]);
}

/** @throws FiguresError for a width that has no such name */
function sizeOnPaper({ id, width = PAPER_WIDTH, height }: Figure): PaperSize {
  const points = typeof width === 'number' ? width : paperWidths[width];
  if (points === undefined) {
    const known = Object.keys(paperWidths).join(', ');
    throw new FiguresError(`figure ${id}: there is no width ${width}; give points, or one of ${known}`);
  }
  return { width: points, height: height ?? Math.round(points / 2) };
}
