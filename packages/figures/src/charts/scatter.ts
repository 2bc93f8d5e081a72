// Points of cost against quality, or of size against content, with the lines that a reader should compare them to.
import type { ColumnTable } from 'arquero';
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, SCHEMA } from '../chart.ts';
import { FiguresError } from '../run.ts';
import { type Estimate, intervalInWords } from '../statistics.ts';
import { summarise } from '../tables.ts';
import { labelSize, palette } from '../theme.ts';
import { levelGuide, nameGuide, type Scale, segmentsOf, slopeGuide } from './guides.ts';
import { type Axis, assertColumns } from './lineChart.ts';
import { boundedDomain, niceDomain, tickFormat } from './lines.ts';
import { percent } from './perLoop.ts';
import { around, offset, type Plot, placeNames, type Segment, type Spot, sides } from './placeNames.ts';

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
  /** Marks the points that nothing beats: at most this x, at least this good. Default false. */
  readonly front?: boolean;
  /** Which end of y is good; default `higher`. */
  readonly better?: 'higher' | 'lower';
  /** Straight lines `y = slope * x`, such as bits a parameter. */
  readonly slopes?: readonly { readonly slope: number; readonly name: string }[];
  /** Names beside the points; default up to 24 points. Names that would cover anything are left out. */
  readonly names?: boolean;
  readonly reference?: { readonly at: number; readonly name: string };
  /** Of the figure on paper in points, by which names are placed; default one that fits 5.5 in and half a page on screen. */
  readonly size?: { readonly width: number; readonly height: number };
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

interface Point {
  readonly name: string;
  readonly group: string;
  readonly x: number;
  readonly y: number;
  readonly lo: number | null;
  readonly hi: number | null;
  readonly n: number;
}

/** Of a point, in font sizes. */
const RADIUS = 0.35;
/** A plot's size in font sizes: of a figure of 5.5 in by half of it, and of half a report. */
const USUAL = { width: 39, height: 19.5, radius: RADIUS };
/** On a phone. */
const NARROW = { width: 21, height: 14, radius: RADIUS };
/** What axes and legends take of a picture, in font sizes. */
const MARGINS = { width: 5, height: 5.5 };
/**
 * One point a name: the mean over its rows, a 95% t interval in y.
 * @throws FiguresError where a column is missing or nothing can be drawn
 */
export function scatter(table: ColumnTable, options: ScatterOptions): Chart {
  const { x, y, group } = options;
  const points = pointsOf(table, options);
  const sign = options.better === 'lower' ? -1 : 1;
  const up = <P extends { readonly y: number }>(p: P): P => ({ ...p, y: sign * p.y });
  const front = options.front ? paretoFront(points.map(up)).map(up) : [];
  const scales = { x: xScale(points, x.log ?? false), y: yScale(points, y) };
  const order = [...new Set(points.map((p) => p.group))];
  const colours = group !== undefined && order.length <= palette.light.length;
  const named = options.names ?? points.length <= 24;

  const parts = { options, points, front, scales, order: colours ? order : [] };
  const size = options.size && {
    width: options.size.width / labelSize('paper') - MARGINS.width,
    height: options.size.height / labelSize('paper') - MARGINS.height,
    radius: RADIUS,
  };
  const [usual, narrow] = [size ?? USUAL, NARROW].map((plot) => specOf(parts, plot, named));
  if (!usual || !narrow) throw new Error('two sizes give two specifications');
  const write = y.share ? percent : (v: number): string => String(Number(v.toPrecision(3)));
  const best = [...points].sort((a, b) => sign * (b.y - a.y)).slice(0, 3);
  const words = [
    `${options.caption}; ${intervalInWords(points.map((p) => p.n))}.`,
    front.length > 1 ? 'The dashed line joins what nothing beats at its cost.' : '',
    usual.unnamed.length > 0 ? leftOut(usual.unnamed) : '',
  ];
  return {
    id: options.id,
    title: options.title,
    caption: words.filter((w) => w !== '').join(' '),
    alt: `Scatter plot of ${y.title} against ${x.title}. ${sign < 0 ? 'Lowest' : 'Highest'}: ${best.map((p) => `${p.name} ${write(p.y)}`).join(', ')}.`,
    ...(colours ? { legend: order.map((name, i) => ({ name, color: i })) } : {}),
    spec: usual.spec,
    compact: narrow.spec,
  };
}

function leftOut(names: readonly string[]): string {
  return names.length <= 4
    ? `Not named for lack of room: ${names.join(', ')}.`
    : `${names.length} points are not named for lack of room.`;
}

function pointsOf(table: ColumnTable, { id, x, y, point, group }: ScatterOptions): Point[] {
  assertColumns(table, id, [x.field, y.field, point, ...(group ? [group] : [])]);
  const by = [point, ...(group ? [group] : [])];
  const keyOf = (row: Readonly<Record<string, unknown>>): string => by.map((k) => row[k]).join('\u0000');
  const costs = new Map(summarise(table, by, x.field).map((c) => [keyOf(c), c.mean]));
  const points = summarise(table, by, y.field, y.share ? [0, 1] : undefined).flatMap((p) => {
    const cost = costs.get(keyOf(p));
    if (cost === undefined || (x.log && cost <= 0) || (y.log && p.mean <= 0)) return [];
    return [{ ...interval(p), name: String(p[point]), group: String(p[group ?? point]), x: cost, y: p.mean, n: p.n }];
  });
  if (points.length === 0) {
    throw new FiguresError(
      `chart ${id}: no row has a finite ${x.field} and ${y.field}${x.log || y.log ? ' above 0' : ''}`,
    );
  }
  return points;
}

function xScale(points: readonly Point[], log: boolean): Scale {
  const xs = points.map((p) => p.x);
  return { domain: log ? logDomain(xs) : niceDomain(xs), log };
}

function yScale(points: readonly Point[], { share = false, log = false }: ScatterOptions['y']): Scale {
  const ys = points.flatMap((p) => [p.y, ...(p.lo === null ? [] : [p.lo, p.hi ?? p.y])]);
  if (log) return { domain: logDomain(ys.filter((v) => v > 0)), log };
  const [lo, hi] = boundedDomain(ys, share ? [0, 1] : undefined);
  // shares near 0 are read from 0; others are read apart
  return { domain: [share && lo < hi / 4 ? 0 : lo, hi], log };
}

/** A little more than the values on both sides. */
function logDomain(values: readonly number[]): [number, number] {
  const [lo, hi] = [Math.min(...values), Math.max(...values)];
  const room = (hi / lo) ** 0.07 * 1.05;
  return [lo / room, hi * room];
}

/** From 0 to 1 along an axis. */
function along({ domain: [lo, hi], log }: Scale, value: number): number {
  return log ? Math.log(value / lo) / Math.log(hi / lo) : (value - lo) / (hi - lo);
}

interface Parts {
  readonly options: ScatterOptions;
  readonly points: readonly Point[];
  readonly front: readonly Point[];
  readonly scales: { readonly x: Scale; readonly y: Scale };
  /** Groups in the order of their colours; empty where there is one colour. */
  readonly order: readonly string[];
}

function specOf(parts: Parts, plot: Plot, named: boolean): { spec: TopLevelSpec; unnamed: string[] } {
  const { options, points, front, scales, order } = parts;
  const { x, y, point } = options;
  const at = (p: { x: number; y: number }): Spot => ({
    x: along(scales.x, p.x) * plot.width,
    y: (1 - along(scales.y, p.y)) * plot.height,
  });
  const guides = [
    ...(options.reference ? [levelGuide(options.reference, scales.x)] : []),
    ...(options.slopes ?? []).flatMap((slope) => slopeGuide(slope, scales.x, scales.y) ?? []),
  ];
  const lines: Segment[] = [
    ...front.slice(1).flatMap((p, i): Segment[] => {
      const [from, to] = [at(front[i] ?? p), at(p)];
      const corner = { x: to.x, y: from.y }; // step-after
      return [
        [from, corner],
        [corner, to],
      ];
    }),
    ...points.flatMap((p): Segment[] =>
      p.lo === null || p.hi === null ? [] : [[at({ x: p.x, y: p.lo }), at({ x: p.x, y: p.hi })]],
    ),
    ...guides.flatMap((guide) => segmentsOf(guide, at)),
  ];
  const boxes = points.map((p) => around(at(p), plot.radius));
  const guideNames = guides.flatMap((guide) => {
    const found = nameGuide(guide, plot, at, { lines, boxes });
    if (found) boxes.push(found.box);
    return found ?? [];
  });
  const onFront = new Set(front.map((p) => p.name));
  const byFront = [...points.keys()].sort(
    (a, b) => Number(onFront.has(points[b]?.name ?? '')) - Number(onFront.has(points[a]?.name ?? '')) || a - b,
  );
  const placed = named
    ? placeNames(
        points.map((p) => ({ ...at(p), name: p.name })),
        plot,
        { lines, boxes: guideNames.map((g) => g.box), order: byFront },
      )
    : points.map(() => undefined);

  const xOf = {
    field: 'x',
    type: 'quantitative' as const,
    title: x.title,
    scale: { domain: [...scales.x.domain], nice: false, ...kindOf(scales.x) },
    axis: { format: '~s', tickCount: 6 },
  };
  const yOf = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: y.title,
    scale: { domain: [...scales.y.domain], nice: false, ...kindOf(scales.y) },
    axis: {
      format: y.share ? '.0%' : scales.y.log || scales.y.domain[1] >= 10_000 ? '~s' : tickFormat(scales.y.domain),
    },
  });
  const color =
    order.length > 0
      ? {
          color: {
            field: 'group',
            type: 'nominal' as const,
            scale: { domain: [...order] },
            legend: { values: [...order] },
          },
        }
      : { color: { value: palette.light[0] } };
  const text = { text: { field: 'name', type: 'nominal' as const } };
  const layer = [
    ...guides.map(({ values }) => ({
      data: { values },
      mark: { type: 'line', style: 'reference' },
      encoding: { x: xOf, y: yOf('y') },
    })),
    ...guideNames.map(({ name, x, y, side }) => ({
      data: { values: [{ name, x, y }] },
      mark: { type: 'text', style: 'note', ...offset(side) },
      encoding: { x: xOf, y: yOf('y'), ...text },
    })),
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
    ...sides.flatMap((side) => {
      const here = points.filter((_, i) => placed[i] === side);
      if (here.length === 0) return [];
      return [
        {
          data: { values: here.map(({ name, x, y }) => ({ name, x, y })) },
          mark: { type: 'text', style: 'note', ...offset(side) },
          encoding: { x: xOf, y: yOf('y'), ...text },
        },
      ];
    }),
  ];
  return {
    spec: { $schema: SCHEMA, layer } as unknown as TopLevelSpec, // marks are spelled as plain strings above
    unnamed: named ? points.filter((_, i) => placed[i] === undefined).map((p) => p.name) : [],
  };
}

function kindOf({ log }: Scale): object {
  return log ? { type: 'log' } : { zero: false };
}

function interval({ lo, hi }: Estimate): { lo: number | null; hi: number | null } {
  return Number.isFinite(lo) ? { lo, hi } : { lo: null, hi: null };
}
