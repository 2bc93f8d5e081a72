// A matrix as coloured cells with their values: agreement between loops, probes by loop and position.
import type { ColumnTable } from 'arquero';
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, SCHEMA } from '../chart.ts';
import { FiguresError } from '../run.ts';
import { intervalInWords } from '../statistics.ts';
import { summarise } from '../tables.ts';
import { type Axis, assertColumns } from './lineChart.ts';
import { percent } from './perLoop.ts';

export interface HeatMapOptions {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly x: Axis;
  readonly y: Axis;
  /** What the colour says; `share` is written in per cent. */
  readonly value: Axis & { readonly share?: boolean };
  /** Ends of the colour scale; default those of the values, 0 to 1 for shares. */
  readonly domain?: readonly [number, number];
  /** One map for each value of this column, side by side. */
  readonly facet?: Axis;
  /** The smallest y at the bottom; default true, as matrices of loops are read upwards. */
  readonly upwards?: boolean;
}

/** Numbers by size, and `value 2` before `value 10`. */
function naturally(a: unknown, b: unknown): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
}
const collator = new Intl.Collator('en', { numeric: true });

/** Panels in a row. */
const ACROSS = 3;

/**
 * Means over the rows that share a cell (seeds), in viridis, with the value written where there is room (up to 12 columns).
 * @throws FiguresError where a column is missing or there is no finite value
 */
export function heatMap(table: ColumnTable, options: HeatMapOptions): Chart {
  const { x, y, value, facet } = options;
  const by = [x.field, y.field, ...(facet ? [facet.field] : [])];
  assertColumns(table, options.id, [...by, value.field]);
  const cells = summarise(table, by, value.field);
  if (cells.length === 0) throw new FiguresError(`chart ${options.id}: no row has a finite ${value.field}`);
  const means = cells.map((c) => c.mean);
  const [lo, hi] = options.domain ?? (value.share ? [0, 1] : [Math.min(...means), Math.max(...means)]);
  const write = value.share
    ? (v: number) => String(Math.round(v * 100))
    : (v: number) => String(Number(v.toPrecision(2)));
  const panels = facet ? new Set(cells.map((c) => c[facet.field])).size : 1;
  const columns = new Set(cells.map((c) => c[x.field])).size * Math.min(panels, ACROSS);
  const natural = [...new Set(cells.map((c): unknown => c[y.field]))].sort(naturally);
  const values = cells.map((c) => ({
    ...Object.fromEntries(by.map((name) => [name, c[name]])),
    mean: c.mean,
    n: c.n,
    text: write(c.mean),
    // viridis is dark at its low end
    dark: (c.mean - lo) / (hi - lo || 1) < 0.55,
  }));
  const place = {
    x: {
      field: x.field,
      type: 'ordinal' as const,
      title: x.title,
      axis: { labelAngle: 0, ticks: false, domain: false },
    },
    y: {
      field: y.field,
      type: 'ordinal' as const,
      title: y.title,
      sort: (options.upwards ?? true) ? [...natural].reverse() : natural,
      axis: { grid: false },
    },
  };
  const layer = [
    {
      mark: { type: 'rect' as const },
      encoding: {
        ...place,
        color: {
          field: 'mean',
          type: 'quantitative' as const,
          title: value.title,
          scale: { scheme: 'viridis' as const, domain: [lo, hi], clamp: true },
          legend: {
            title: value.title,
            orient: 'right' as const,
            direction: 'vertical' as const,
            offset: 12,
            ...(value.share ? { format: '.0%' } : {}),
          },
        },
        tooltip: [
          { field: x.field, title: x.title },
          { field: y.field, title: y.title },
          { field: 'mean', title: value.title, format: value.share ? '.1%' : '.4~g', type: 'quantitative' as const },
          { field: 'n', title: 'seeds', type: 'quantitative' as const },
        ],
      },
    },
    ...(columns <= 12
      ? [
          {
            mark: { type: 'text' as const, style: 'cell' },
            encoding: {
              ...place,
              text: { field: 'text', type: 'nominal' as const },
              color: { condition: { test: 'datum.dark', value: '#FFFFFF' }, value: '#16191D' },
            },
          },
        ]
      : []),
  ];
  const spec = facet
    ? { facet: { field: facet.field, type: 'nominal' as const, title: null }, spec: { layer }, columns: ACROSS }
    : { layer };
  const [top] = [...cells].sort((a, b) => b.mean - a.mean);
  return {
    id: options.id,
    title: options.title,
    caption: `${options.caption}; ${intervalInWords(cells.map((c) => c.n))}.`,
    alt:
      `Heat map of ${value.title} by ${x.title} and ${y.title}. Highest ` +
      `${top ? `${value.share ? percent(top.mean) : top.mean.toPrecision(3)} at ${x.title} ${top[x.field]}, ${y.title} ${top[y.field]}` : 'none'}.`,
    spec: { $schema: SCHEMA, data: { values }, ...spec } as TopLevelSpec, // a layered or faceted unit
  };
}
