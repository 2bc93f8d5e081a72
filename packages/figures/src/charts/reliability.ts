// Whether a probability means what it says: predicted against observed frequency, with the counts behind each bin.
import type { ColumnTable } from 'arquero';
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, SCHEMA } from '../chart.ts';
import { FiguresError } from '../run.ts';
import { intervalInWords } from '../statistics.ts';
import { summarise } from '../tables.ts';
import { type Axis, assertColumns } from './lineChart.ts';

export interface ReliabilityOptions {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  /** Names the bins; rows that share one are repetitions. */
  readonly bin: string;
  /** Mean predicted probability in the bin. */
  readonly predicted: Axis;
  /** Share of the bin in which the predicted thing happened. */
  readonly observed: Axis;
  /** How many samples the bin holds. */
  readonly count: string;
  /** The column that names the curves; default one curve. */
  readonly series?: string;
}

/**
 * Points on the diagonal are calibrated; their area is the number of samples.
 * @throws FiguresError where a column is missing or every bin is empty
 */
export function reliability(table: ColumnTable, options: ReliabilityOptions): Chart {
  const { bin, predicted, observed, count, series } = options;
  assertColumns(table, options.id, [bin, predicted.field, observed.field, count, ...(series ? [series] : [])]);
  const by = [bin, ...(series ? [series] : [])];
  const keyOf = (row: Record<string, unknown>): string => by.map((k) => row[k]).join('\u0000');
  const at = new Map(summarise(table, by, predicted.field).map((r) => [keyOf(r), r.mean]));
  const size = new Map(summarise(table, by, count).map((r) => [keyOf(r), r.mean]));
  const rows = summarise(table, by, observed.field, [0, 1]).map((r) => ({
    series: series ? String(r[series]) : '',
    x: at.get(keyOf(r)) ?? Number.NaN,
    y: r.mean,
    lo: Number.isFinite(r.lo) ? r.lo : null,
    hi: Number.isFinite(r.hi) ? r.hi : null,
    samples: size.get(keyOf(r)) ?? 0,
    n: r.n,
  }));
  if (rows.length === 0) throw new FiguresError(`chart ${options.id}: every bin is empty`);
  const order = [...new Set(rows.map((r) => r.series))];
  const x = {
    field: 'x',
    type: 'quantitative' as const,
    title: predicted.title,
    scale: { domain: [0, 1] },
    axis: { format: '.0%', tickCount: 5 },
  };
  const y = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: observed.title,
    scale: { domain: [0, 1] },
    axis: { format: '.0%', tickCount: 5 },
  });
  const color = {
    field: 'series',
    type: 'nominal' as const,
    scale: { domain: order },
    legend: order.length > 1 ? { values: order } : null,
  };
  const layer = [
    {
      data: {
        values: [
          { x: 0, y: 0 },
          { x: 1, y: 1 },
        ],
      },
      mark: { type: 'line', style: 'reference' },
      encoding: { x, y: y('y') },
    },
    { mark: { type: 'rule', style: 'spread' }, encoding: { x, y: y('lo'), y2: { field: 'hi' }, color } },
    { mark: { type: 'line' }, encoding: { x, y: y('y'), color } },
    {
      mark: { type: 'point' },
      encoding: {
        x,
        y: y('y'),
        color,
        size: { field: 'samples', type: 'quantitative', scale: { range: [12, 160] }, legend: null },
        tooltip: [
          { field: 'x', type: 'quantitative', title: predicted.title, format: '.1%' },
          { field: 'y', type: 'quantitative', title: observed.title, format: '.1%' },
          { field: 'samples', type: 'quantitative', title: 'samples', format: ',.0f' },
        ],
      },
    },
  ];
  const total = rows.reduce((n, r) => n + r.samples, 0);
  const error = rows.reduce((sum, r) => sum + (r.samples / total) * Math.abs(r.x - r.y), 0);
  return {
    id: options.id,
    title: options.title,
    caption: `${options.caption}; ${intervalInWords(rows.map((r) => r.n))}. Points on the dotted line say what they mean; their area is the number of samples.`,
    alt: `Reliability diagram of ${observed.title} against ${predicted.title}; mean distance from the diagonal ${(error * 100).toFixed(1)} points.`,
    ...(order.length > 1 ? { legend: order.map((name, i) => ({ name, color: i })) } : {}),
    spec: { $schema: SCHEMA, data: { values: rows }, layer } as unknown as TopLevelSpec, // marks are spelled as plain strings above
  };
}
