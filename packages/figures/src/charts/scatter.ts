// Points of cost against quality, or of size against content, with the lines that a reader should compare them to.
import type { ColumnTable } from 'arquero';
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, SCHEMA, spreadOut } from '../chart.ts';
import { FiguresError } from '../run.ts';
import { type Estimate, intervalInWords } from '../statistics.ts';
import { summarise } from '../tables.ts';
import { palette } from '../theme.ts';
import { type Axis, assertColumns } from './lineChart.ts';
import { niceDomain, shareDomain, tickFormat } from './lines.ts';
import { percent } from './perLoop.ts';

export interface ScatterOptions {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly x: Axis & { readonly log?: boolean };
  readonly y: Axis & { readonly share?: boolean; readonly log?: boolean };
  /** The column that names what is compared; its rows are repetitions (seeds), drawn as mean and interval. */
  readonly point: string;
  /** Colours points by this column; default by name. */
  readonly group?: string;
  /** Marks the points that nothing beats: at most this x, at least this y. Named on the chart; default false. */
  readonly front?: boolean;
  /** Straight lines `y = slope * x`, such as bits a parameter. */
  readonly slopes?: readonly { readonly slope: number; readonly name: string }[];
  /** Names beside the points; default up to 24 points. */
  readonly names?: boolean;
  readonly reference?: { readonly at: number; readonly name: string };
}

/** A point of a Pareto front: no other has at most its cost and at least its quality. */
export function paretoFront<T extends { readonly x: number; readonly y: number }>(points: readonly T[]): T[] {
  const sorted = [...points].sort((a, b) => a.x - b.x || b.y - a.y);
  let best = Number.NEGATIVE_INFINITY;
  return sorted.filter((p) => {
    if (p.y <= best) return false;
    best = p.y;
    return true;
  });
}

/**
 * One point a name: the mean over its rows, a 95% t interval in y.
 * @throws FiguresError where a column is missing or nothing can be drawn
 */
export function scatter(table: ColumnTable, options: ScatterOptions): Chart {
  const { x, y, point, group } = options;
  assertColumns(table, options.id, [x.field, y.field, point, ...(group ? [group] : [])]);
  const by = [point, ...(group ? [group] : [])];
  const bounds: readonly [number, number] | undefined = y.share ? [0, 1] : undefined;
  const costs = new Map(summarise(table, by, x.field).map((c) => [by.map((k) => c[k]).join('\u0000'), c.mean]));
  const points = summarise(table, by, y.field, bounds).flatMap((p) => {
    const cost = costs.get(by.map((k) => p[k]).join('\u0000'));
    if (cost === undefined) return [];
    return [{ ...interval(p), name: String(p[point]), group: String(p[group ?? point]), x: cost, y: p.mean, n: p.n }];
  });
  if (points.length === 0) throw new FiguresError(`chart ${options.id}: no row has a finite ${x.field} and ${y.field}`);
  const front = options.front ? paretoFront(points) : [];
  const ys = points.flatMap((p) => [p.y, ...(p.lo === null ? [] : [p.lo, p.hi ?? p.y])]);
  const yDomain = y.log ? undefined : y.share ? shareDomain(Math.max(...ys)) : niceDomain(ys);
  const xs = points.map((p) => p.x);
  const xDomain = x.log ? [Math.min(...xs) / 1.15, Math.max(...xs) * 1.15] : niceDomain(xs);
  const order = [...new Set(points.map((p) => p.group))];
  const named = options.names ?? points.length <= 24;
  const colours = group !== undefined && order.length <= palette.light.length;

  const xOf = {
    field: 'x',
    type: 'quantitative' as const,
    title: x.title,
    scale: { domain: xDomain, nice: false, ...(x.log ? { type: 'log' as const } : { zero: false }) },
    axis: { format: '~s', tickCount: 6 },
  };
  const yOf = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: y.title,
    scale: {
      ...(yDomain ? { domain: [...yDomain] } : {}),
      nice: false,
      ...(y.log ? { type: 'log' as const } : { zero: false }),
    },
    axis: { format: y.share ? '.0%' : yDomain ? tickFormat(yDomain) : '~s' },
  });
  const color = colours
    ? {
        color: {
          field: 'group',
          type: 'nominal' as const,
          scale: { domain: order },
          legend: { values: order },
        },
      }
    : { color: { value: palette.light[0] } };
  const lines = (options.slopes ?? []).flatMap(({ slope, name }) =>
    xDomain.map((at) => ({ name, x: at, y: slope * (at ?? 0) })),
  );
  // Names beside points that lie at one height would cover each other.
  const heights = yDomain
    ? spreadOut(
        points.map((p) => p.y),
        (yDomain[1] - yDomain[0]) * 0.045,
        yDomain,
      )
    : points.map((p) => p.y);
  const layer = [
    ...(options.reference
      ? [
          {
            data: { values: [{ at: options.reference.at }] },
            mark: { type: 'rule', style: 'reference' },
            encoding: { y: yOf('at') },
          },
        ]
      : []),
    ...(lines.length > 0
      ? [
          {
            data: { values: lines },
            mark: { type: 'line', style: 'reference', clip: true },
            encoding: { x: xOf, y: yOf('y'), detail: { field: 'name', type: 'nominal' } },
          },
        ]
      : []),
    ...(front.length > 1
      ? [
          {
            data: { values: front },
            mark: { type: 'line', style: 'level', interpolate: 'step-after', color: '#5F6670' },
            encoding: { x: xOf, y: yOf('y') },
          },
        ]
      : []),
    {
      data: { values: points.filter((p) => p.lo !== null) },
      mark: { type: 'rule', style: 'spread' },
      encoding: { x: xOf, y: yOf('lo'), y2: { field: 'hi' } },
    },
    {
      data: { values: points },
      mark: { type: 'point' },
      encoding: {
        x: xOf,
        y: yOf('y'),
        ...color,
        tooltip: [
          { field: 'name', type: 'nominal', title: point },
          { field: 'x', type: 'quantitative', title: x.title, format: '.3~s' },
          { field: 'y', type: 'quantitative', title: y.title, format: y.share ? '.1%' : '.4~g' },
          { field: 'n', type: 'quantitative', title: 'seeds' },
        ],
      },
    },
    ...(named
      ? [
          {
            data: { values: points.map((p, i) => ({ ...p, height: heights[i] })) },
            mark: { type: 'text', style: 'note', align: 'left', baseline: 'middle', dx: 7 },
            encoding: { x: xOf, y: yOf('height'), text: { field: 'name', type: 'nominal' } },
          },
        ]
      : []),
  ];
  const write = y.share ? percent : (v: number): string => String(Number(v.toPrecision(3)));
  const best = [...points].sort((a, b) => b.y - a.y).slice(0, 3);
  return {
    id: options.id,
    title: options.title,
    caption: `${options.caption}; ${intervalInWords(points.map((p) => p.n))}.${front.length > 1 ? ' The dashed line joins what nothing beats at its cost.' : ''}`,
    alt: `Scatter plot of ${y.title} against ${x.title}. Highest: ${best.map((p) => `${p.name} ${write(p.y)}`).join(', ')}.`,
    ...(colours ? { legend: order.map((name, i) => ({ name, color: i })) } : {}),
    spec: { $schema: SCHEMA, layer } as unknown as TopLevelSpec, // marks are spelled as plain strings above
  };
}

function interval({ lo, hi }: Estimate): { lo: number | null; hi: number | null } {
  return Number.isFinite(lo) ? { lo, hi } : { lo: null, hi: null };
}
