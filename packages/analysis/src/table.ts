// What an analysis hands on: plain rows under named columns, ready for JSON, CSV and charts.

/** A cell; null where there is no number, since JSON has no NaN. */
export type Cell = string | number | boolean | null;

/** One row; the analysis that makes it documents its columns. */
export type Row = Readonly<Record<string, Cell>>;

export type Table = readonly Row[];

/** `x` as a cell: null where it is not a finite number. */
export function cell(x: number): number | null {
  return Number.isFinite(x) ? x : null;
}
