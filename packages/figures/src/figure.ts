// A figure of a paper: the files it is made from, the numbers that are drawn, and the drawing, each a pure function of the last.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type ColumnTable, from, fromCSV } from 'arquero';
import type { Chart } from './chart.ts';
import { readRuns } from './readRun.ts';
import { FiguresError, type Run } from './run.ts';
import type { PaperWidth } from './theme.ts';

/** What a figure may read: the files and folders it names in `inputs`, and nothing else. */
export interface FigureInputs {
  /** A table from a `.csv` file, or from a `.json` file that holds a list of rows. */
  table(path: string): ColumnTable;
  /** A `.json` file, as it is. */
  json(path: string): unknown;
  /** The runs in a folder. */
  runs(path: string): Run[];
}

export interface Figure {
  /** A name for files: letters, digits, `-`. */
  readonly id: string;
  /** Paths from the study's folder: tables that are committed, or folders of runs. */
  readonly inputs: readonly string[];
  /** The numbers that are drawn, also written as CSV and LaTeX. */
  table(inputs: FigureInputs): ColumnTable;
  /** @param size of the figure on paper, for charts that place names by it */
  chart(table: ColumnTable, size: PaperSize): Chart;
  /** On paper: `neurips`, `iclr`, `icml`, `icmlColumn`, or points; default 396 (5.5 in). */
  readonly width?: PaperWidth;
  /** In points; default half the width. */
  readonly height?: number;
}

/** In points. */
export interface PaperSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The same figure, checked by the compiler where it is written.
 *
 * @example
 * export default [
 *   defineFigure({
 *     id: 'accuracy',
 *     inputs: ['data/accuracy.csv'],
 *     table: (inputs) => inputs.table('data/accuracy.csv'),
 *     chart: (table) => lineChart(table, { id: 'accuracy', ... }),
 *   }),
 * ];
 */
export function defineFigure(figure: Figure): Figure {
  return figure;
}

/** Where the bytes of an input come from. */
export interface InputOrigin {
  readonly path: string;
  /** Of the file, or of the configurations and metrics of all runs in the folder. */
  readonly sha256: string;
  /** Of a folder of runs. */
  readonly runs?: readonly { readonly id: string; readonly seed: number; readonly git?: string }[];
}

/** Opens a figure's inputs under `root`. Asking for what `inputs` does not name is an error, so that provenance is whole. */
export function openInputs(figure: Figure, root: string): { inputs: FigureInputs; origins: InputOrigin[] } {
  const origins = [...figure.inputs].sort().map((path) => originOf(figure, root, path));
  const full = (path: string): string => {
    if (figure.inputs.includes(path)) return join(root, path);
    throw new FiguresError(
      `figure ${figure.id} reads ${path}, which its inputs do not name (${figure.inputs.join(', ') || 'none'}); add it there`,
    );
  };
  return {
    origins,
    inputs: {
      table: (path) => {
        const file = full(path);
        if (path.endsWith('.csv')) return fromCSV(readFileSync(file, 'utf8'));
        const rows = parsed(file);
        if (!Array.isArray(rows)) throw new FiguresError(`${file} holds no list of rows; write one object a row`);
        return from(rows as object[]); // checked to be a list; a column that is missing reads as undefined
      },
      json: (path) => parsed(full(path)),
      runs: (path) => readRuns(full(path)),
    },
  };
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new FiguresError(`${file} is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
}

function originOf(figure: Figure, root: string, path: string): InputOrigin {
  const full = join(root, path);
  if (!existsSync(full)) {
    throw new FiguresError(
      `figure ${figure.id} needs ${relative(process.cwd(), full)}, which is not there; run the study that writes it`,
    );
  }
  if (statSync(full).isFile()) return { path, sha256: sha256([readFileSync(full)]) };
  const runs = readRuns(full);
  const files = runs.flatMap((run) =>
    readdirSync(run.dir)
      .filter((name) => name === 'config.json' || name === 'metrics.jsonl')
      .sort()
      .map((name) => readFileSync(join(run.dir, name))),
  );
  return {
    path,
    sha256: sha256(files),
    runs: runs.map(({ id, seed, manifest }) => ({
      id,
      seed,
      ...(manifest.git?.sha === undefined ? {} : { git: manifest.git.sha }),
    })),
  };
}

/** Of several byte strings in order, each with its length, so that no two splittings look alike. */
export function sha256(parts: readonly (Buffer | string)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    const bytes = Buffer.from(part as string); // a Buffer is copied, a string encoded
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest('hex');
}
