// Lines over any quantity from a tidy table: one row a measurement of one seed; means, intervals and names at the ends.
import type { ColumnTable } from 'arquero';
import type { Chart } from '../chart.ts';
import { FiguresError } from '../run.ts';
import { intervalInWords } from '../statistics.ts';
import { summarise } from '../tables.ts';
import { lineSpecs, type MeanPoint, niceDomain, shareDomain, tickFormat } from './lines.ts';
import { inWords, percent } from './perLoop.ts';

/** What a column is and how it is written. */
export interface Axis {
  readonly field: string;
  readonly title: string;
}

export interface LineChartOptions {
  readonly id: string;
  readonly title: string;
  /** How the numbers came about; the number of seeds and the interval are added. */
  readonly caption: string;
  /** Numbers, each marked on the axis; `log2` for loops and other doublings; `continuous` and `log10` where they are many. */
  readonly x: Axis & { readonly scale?: 'linear' | 'log2' | 'log10' | 'continuous' };
  /** `share` is written in per cent and drawn from 0. */
  readonly y: Axis & {
    readonly share?: boolean;
    readonly domain?: readonly [number, number];
    /** Columns with the ends of an interval, drawn where there is one row a point and so nothing to compute it from. */
    readonly lo?: string;
    readonly hi?: string;
  };
  /** The column that names the lines. */
  readonly series: string;
  /** The column that tells repetitions apart; default `seed`. */
  readonly seed?: string;
  /** Lines in the order of their colours; default as they come. */
  readonly order?: readonly string[];
  readonly reference?: { readonly at: number; readonly name: string };
}

/**
 * Means over seeds with 95% t intervals as bands, seeds as faint points.
 * @throws FiguresError where a column is missing or nothing can be drawn
 */
export function lineChart(table: ColumnTable, options: LineChartOptions): Chart {
  const { x, y, series, seed = 'seed' } = options;
  assertColumns(table, options.id, [x.field, y.field, series]);
  const hasSeed = table.columnNames().includes(seed);
  const rows = (table.objects() as Record<string, unknown>[]).filter((r) => Number.isFinite(r[y.field]));
  if (rows.length === 0) throw new FiguresError(`chart ${options.id}: no row has a finite ${y.field}`);
  const bounds: readonly [number, number] | undefined = y.share ? [0, 1] : undefined;
  const means: MeanPoint[] = summarise(table, [series, x.field], y.field, bounds)
    .map((m) => ({ ...m, series: String(m[series]), x: Number(m[x.field]) }))
    .sort((a, b) => a.x - b.x);
  for (const mean of means) if (mean.n === 1) Object.assign(mean, givenInterval(rows, options, mean));
  const order = options.order ?? [...new Set(rows.map((r) => String(r[series])))];
  const places = [...new Set(means.map((m) => m.x))];
  const all = [...rows.map((r) => Number(r[y.field])), ...means.flatMap((m) => [m.lo, m.hi])].filter(Number.isFinite);
  const domain = y.domain ?? (y.share ? shareDomain(Math.max(...all)) : niceDomain(all));
  const write = y.share ? percent : (v: number): string => String(Number(v.toPrecision(3)));
  return {
    id: options.id,
    title: options.title,
    caption: `${options.caption}; ${intervalInWords(means.map((m) => m.n))}.`,
    alt: `Line chart of ${y.title} against ${x.title}. ${inWords(means, order, write)}`,
    legend: order.map((name, color) => ({ name, color })),
    ...lineSpecs({
      means,
      seeds: rows.map((r) => ({
        series: String(r[series]),
        run: `${r[series]} ${hasSeed ? r[seed] : ''}`,
        seed: Number(hasSeed ? r[seed] : 0),
        x: Number(r[x.field]),
        y: Number(r[y.field]),
      })),
      order,
      points: true,
      x: {
        title: x.title,
        domain: [Math.min(...places), Math.max(...places)],
        ...(x.scale === undefined || x.scale === 'continuous' ? {} : { scale: x.scale }),
        ...(x.scale === 'log10' || x.scale === 'continuous' ? {} : { ticks: places }),
      },
      y: {
        title: y.title,
        format: y.share ? '.0%' : tickFormat(domain),
        tooltipFormat: y.share ? '.1%' : '.4~g',
        domain,
        write,
      },
      ...(options.reference ? { reference: options.reference } : {}),
    }),
  };
}

/** The interval that a row brings along. */
function givenInterval(
  rows: readonly Record<string, unknown>[],
  { x, y, series }: LineChartOptions,
  mean: MeanPoint,
): { lo: number; hi: number } {
  const row = rows.find((r) => String(r[series]) === mean.series && Number(r[x.field]) === mean.x);
  const end = (field: string | undefined): number => {
    const value = field === undefined ? undefined : row?.[field];
    return typeof value === 'number' ? value : Number.NaN;
  };
  return { lo: end(y.lo), hi: end(y.hi) };
}

/** Throws a `FiguresError` that lists the columns there are, unless all of `wanted` are among them. */
export function assertColumns(table: ColumnTable, id: string, wanted: readonly string[]): void {
  const missing = wanted.filter((name) => !table.columnNames().includes(name));
  if (missing.length > 0) {
    throw new FiguresError(
      `chart ${id}: the table has no column ${missing.join(', ')}; it has ${table.columnNames().join(', ')}`,
    );
  }
}
