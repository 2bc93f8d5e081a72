// Paths through a plane, such as states over loops in their first two principal components: the mean path thick and numbered, single ones thin.
import type { ColumnTable } from 'arquero';
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, SCHEMA } from '../chart.ts';
import { FiguresError } from '../run.ts';
import { labelSize, palette } from '../theme.ts';
import { type Axis, assertColumns } from './lineChart.ts';
import { offset, placeNames, type Segment, type Spot, sides } from './placeNames.ts';

export interface TrajectoriesOptions {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly x: Axis;
  readonly y: Axis;
  /** Orders the points of a path; its numbers stand beside the mean path. */
  readonly step: Axis;
  /** The mean path is dashed after this step, such as the trained depth. */
  readonly solidTo?: number;
  /** Single paths, with the same columns as the mean one. */
  readonly single?: {
    readonly table: ColumnTable;
    /** The column that tells paths apart. */
    readonly path: string;
    /** Colours paths by this column where it has few values. */
    readonly group: string;
  };
  /** Of the plot with its axes on paper in points, by which numbers are placed; default about 4 by 3 in. */
  readonly size?: { readonly width: number; readonly height: number };
}

interface Point extends Spot {
  readonly step: number;
  readonly path: string;
  readonly group: string;
}

/** What axes take of a plot, in font sizes. */
const MARGINS = 5;
/** Of a point, in font sizes. */
const RADIUS = 0.35;
/** Of single paths; Vega-Lite takes a line's width from its configuration or its mark, never from a style. */
const HAIR = 0.75;

/**
 * @param mean one row a step
 * @throws FiguresError where a column is missing or the mean path has no finite point
 */
export function trajectories(mean: ColumnTable, options: TrajectoriesOptions): Chart {
  const { id, title, x, y, step, single, size = { width: 280, height: 210 } } = options;
  const main = pointsOf(mean, options);
  if (main.length === 0) throw new FiguresError(`chart ${id}: no row has a finite ${x.field} and ${y.field}`);
  const others = single ? pointsOf(single.table, options, single) : [];
  const groups = [...new Set(others.map((p) => p.group))].sort(collator.compare);
  const colours = groups.length > 1 && groups.length <= palette.light.length;
  const last = main.at(-1)?.step ?? 0;
  const solidTo = Math.min(options.solidTo ?? last, last);

  const all = [...main, ...others];
  const domains = { x: roomy(all.map((p) => p.x)), y: roomy(all.map((p) => p.y)) };
  const em = labelSize('paper');
  const plot = { width: size.width / em - MARGINS, height: size.height / em - MARGINS, radius: RADIUS };
  const at = (p: Spot): Spot => ({
    x: along(domains.x, p.x) * plot.width,
    y: (1 - along(domains.y, p.y)) * plot.height,
  });
  const lines = main.slice(1).map((p, i): Segment => [at(main[i] ?? p), at(p)]);
  const numbered = main.map((p) => ({ ...at(p), name: String(p.step) }));
  const placed = placeNames(numbered, plot, { lines, boxes: [], order: [...main.keys()] });
  const unplaced = main.filter((_, i) => placed[i] === undefined).map((p) => p.step);

  const place = {
    x: axisOf('x', x.title, domains.x),
    y: axisOf('y', y.title, domains.y),
  };
  const order = { order: { field: 'step', type: 'quantitative' as const } };
  const color = colours
    ? { color: { field: 'group', type: 'nominal' as const, scale: { domain: groups }, legend: { values: groups } } }
    : {};
  const background = [
    {
      data: { values: others },
      mark: { type: 'line', style: colours ? 'seedLine' : 'others', strokeWidth: HAIR },
      encoding: { ...place, ...order, ...color, detail: { field: 'path', type: 'nominal' } },
    },
    {
      data: { values: others.filter((p) => p.step === solidTo) },
      mark: { type: 'point', style: colours ? 'seed' : 'others' },
      encoding: { ...place, ...color },
    },
  ];
  const path = (style: string, keep: (p: Point) => boolean) => ({
    data: { values: main.filter(keep) },
    mark: { type: 'line', style },
    encoding: { ...place, ...order },
  });
  const tooltip = [step, x, y].map(({ title }, i) => ({
    ...{ field: ['step', 'x', 'y'][i], type: 'quantitative', title },
    ...(i > 0 ? { format: '.3~g' } : {}),
  }));
  const points = (style: string, keep: (p: Point) => boolean) => ({
    data: { values: main.filter(keep) },
    mark: { type: 'point', style },
    encoding: { ...place, tooltip },
  });
  const layer = [
    ...(others.length > 0 ? background : []),
    path('meanPath', (p) => p.step <= solidTo),
    ...(solidTo < last ? [path('pathBeyond', (p) => p.step >= solidTo)] : []),
    points('meanPath', (p) => p.step <= solidTo),
    ...(solidTo < last ? [points('pointBeyond', (p) => p.step > solidTo)] : []),
    ...sides.flatMap((side) => {
      const here = main.filter((_, i) => placed[i] === side).map((p) => ({ x: p.x, y: p.y, name: String(p.step) }));
      if (here.length === 0) return [];
      return {
        data: { values: here },
        mark: { type: 'text', style: 'value', ...offset(side) },
        encoding: { ...place, text: { field: 'name', type: 'nominal' } },
      };
    }),
  ];
  const [first, end] = [main[0], main.at(-1)].map((p) => (p ? `(${short(p.x)}, ${short(p.y)})` : ''));
  return {
    id,
    title,
    caption: `${options.caption}.${unplaced.length > 0 ? ` Not numbered for lack of room: ${unplaced.join(', ')}.` : ''}`,
    alt: `Path of the mean in ${x.title} and ${y.title}, from ${first} at ${step.title} ${main[0]?.step} to ${end} at ${step.title} ${last}.`,
    ...(colours ? { legend: groups.map((name, i) => ({ name, color: i })) } : {}),
    spec: { $schema: SCHEMA, layer } as unknown as TopLevelSpec, // marks are spelled as plain strings above
  };
}

const collator = new Intl.Collator('en', { numeric: true });

/** In the order of their steps; rows without a finite place are left out. */
function pointsOf(
  table: ColumnTable,
  { id, x, y, step }: TrajectoriesOptions,
  single?: { readonly path: string; readonly group: string },
): Point[] {
  assertColumns(table, id, [x.field, y.field, step.field, ...(single ? [single.path, single.group] : [])]);
  return (table.objects() as Readonly<Record<string, unknown>>[]) // one object a row
    .map((r) => ({
      ...{ x: Number(r[x.field] ?? Number.NaN), y: Number(r[y.field] ?? Number.NaN), step: Number(r[step.field]) },
      path: single ? String(r[single.path]) : '',
      group: single ? String(r[single.group]) : '',
    }))
    .filter((p) => [p.x, p.y, p.step].every(Number.isFinite))
    .sort((a, b) => a.step - b.step);
}

function axisOf(field: string, title: string, domain: readonly [number, number]): object {
  return {
    field,
    type: 'quantitative',
    title,
    scale: { domain: [...domain], nice: false, zero: false },
    axis: { format: '~r', tickCount: 4 },
  };
}

/** Ends of an axis with room for names beside the outermost points. */
function roomy(values: readonly number[]): [number, number] {
  const [lo, hi] = [Math.min(...values), Math.max(...values)];
  const room = 0.16 * (hi - lo || Math.abs(hi) || 1);
  return [lo - room, hi + room];
}

/** From 0 to 1 along an axis. */
function along([lo, hi]: readonly [number, number], value: number): number {
  return (value - lo) / (hi - lo);
}

function short(value: number): number {
  return Number(value.toPrecision(2));
}
