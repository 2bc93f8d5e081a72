// Lines over any quantity from a tidy table: one row a measurement of one seed; means, intervals and names at the ends.
import { type ColumnTable, from } from 'arquero';
import type { Chart } from '../chart.ts';
import { FiguresError } from '../run.ts';
import { intervalInWords } from '../statistics.ts';
import { summarise } from '../tables.ts';
import { lineSpecs, type MeanPoint, niceDomain, shareDomain, tickFormat } from './lines.ts';
import { inWords, percent } from './perLoop.ts';
import { smallMultiples } from './smallMultiples.ts';

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
  /** Draws the level of a line that ends early on to the right end, where the last value holds there; default true. */
  readonly carried?: boolean;
  /** One panel for each value of this column, side by side with one y axis. */
  readonly facet?: Axis & { readonly columns?: number };
}

/**
 * Means over seeds with 95% t intervals as bands, seeds as faint points.
 * @throws FiguresError where a column is missing or nothing can be drawn
 */
export function lineChart(table: ColumnTable, options: LineChartOptions): Chart {
  const { id, title, x, y, series, facet } = options;
  assertColumns(table, id, [x.field, y.field, series, ...(facet ? [facet.field] : [])]);
  const rows = (table.objects() as Row[]).filter((r) => Number.isFinite(r[y.field])); // one object a row
  if (rows.length === 0) throw new FiguresError(`chart ${id}: no row has a finite ${y.field}`);
  const order = options.order ?? [...new Set(rows.map((r) => String(r[series])))];
  const parts = facet ? [...new Set(rows.map((r) => r[facet.field]))] : [undefined];
  const drawn = parts.map((part) => {
    const own = facet ? rows.filter((r) => r[facet.field] === part) : rows;
    return { title: `${facet?.title ?? ''} ${part}`.trim(), rows: own, means: meansOf(own, options) };
  });
  const means = drawn.flatMap((d) => d.means);
  const caption = `${options.caption}; ${intervalInWords(means.map((m) => m.n))}.`;
  const axes = axesOf(rows, means, options);
  const charts = drawn.map((d) => ({
    title: d.title,
    chart: chartOf(d.rows, d.means, { ...options, caption }, order, axes),
  }));
  const [only] = charts;
  if (!facet && only) return only.chart;
  const columns = facet?.columns;
  return smallMultiples(charts, { id, title, caption, ...(columns === undefined ? {} : { columns }) });
}

type Row = Readonly<Record<string, unknown>>;

function meansOf(rows: readonly Row[], options: LineChartOptions): MeanPoint[] {
  const { x, y, series } = options;
  return summarise(from([...rows]), [series, x.field], y.field, y.share ? [0, 1] : undefined)
    .map((m) => ({ ...m, series: String(m[series]), x: Number(m[x.field]) }))
    .map((m) => (m.n === 1 ? { ...m, ...givenInterval(rows, options, m) } : m))
    .sort((a, b) => a.x - b.x);
}

/** The places that are marked along x, and the ends of y; the same for all panels. */
function axesOf(rows: readonly Row[], means: readonly MeanPoint[], { y }: LineChartOptions) {
  const all = [...rows.map((r) => Number(r[y.field])), ...means.flatMap((m) => [m.lo, m.hi])].filter(Number.isFinite);
  return {
    places: [...new Set(means.map((m) => m.x))].sort((a, b) => a - b),
    domain: y.domain ?? (y.share ? shareDomain(Math.max(...all)) : niceDomain(all)),
  };
}

function chartOf(
  rows: readonly Row[],
  means: readonly MeanPoint[],
  { id, title, caption, x, y, series, seed = 'seed', reference, carried }: LineChartOptions,
  order: readonly string[],
  { places, domain }: ReturnType<typeof axesOf>,
): Chart {
  const write = y.share ? percent : (v: number): string => String(Number(v.toPrecision(3)));
  const hasSeed = rows.some((r) => r[seed] !== undefined);
  return {
    id,
    title,
    caption,
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
      ...(carried === undefined ? {} : { carried }),
      x: {
        title: x.title,
        domain: [places[0] ?? 0, places.at(-1) ?? 1],
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
      ...(reference ? { reference } : {}),
    }),
  };
}

/** The interval that a row brings along. */
function givenInterval(
  rows: readonly Row[],
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
