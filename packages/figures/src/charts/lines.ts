// The shared drawing of lines: seeds thin, means thick, intervals as bands, names at the ends.
import type { TopLevelSpec } from 'vega-lite';
import { SCHEMA, spreadOut } from '../chart.ts';
import type { Estimate } from '../statistics.ts';
import { palette } from '../theme.ts';

/** One measured point of one seed. */
interface SeedPoint {
  readonly series: string;
  readonly run: string;
  readonly seed: number;
  readonly x: number;
  readonly y: number;
}

/** A mean over the seeds of a series at one place. */
export interface MeanPoint extends Estimate {
  readonly series: string;
  readonly x: number;
}

export interface Lines {
  readonly seeds: readonly SeedPoint[];
  readonly means: readonly MeanPoint[];
  /** Labels in the order of their colours. */
  readonly order: readonly string[];
  readonly x: {
    readonly title: string;
    readonly ticks?: readonly number[];
    readonly domain: readonly [number, number];
    /** Default linear. */
    readonly scale?: 'linear' | 'log2' | 'log10';
  };
  readonly y: {
    readonly title: string;
    /** d3 formats of the axis and of the tooltip. */
    readonly format: string;
    readonly tooltipFormat: string;
    readonly domain: readonly [number, number];
    /** The value written behind a series' name. */
    readonly write: (value: number) => string;
  };
  /** Draw each measured place as a point, and seeds as points beside it; otherwise as lines only. */
  readonly points: boolean;
  /** Carry the level of a line that ends early to the right end, where it has points; default true. */
  readonly carried?: boolean;
  /** A level everybody should know, such as chance. */
  readonly reference?: { readonly at: number; readonly name: string };
}

type Layer = Extract<TopLevelSpec, { layer: unknown[] }>['layer'][number];
const shapes = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down', 'triangle-right'];

/** @returns the specification with names at the line ends, and the one without */
export function lineSpecs(lines: Lines): { spec: TopLevelSpec; compact: TopLevelSpec } {
  const { order, x, y } = lines;
  const last = x.domain[1];
  const ends = order.flatMap((series) => {
    const end = lines.means.filter((m) => m.series === series).at(-1);
    return end ? [{ series, at: end.mean, from: end.x, text: `${short(series)}\u2002${y.write(end.mean)}` }] : [];
  });
  const known = lines.reference ? [{ at: lines.reference.at, text: lines.reference.name }] : [];
  const gap = (y.domain[1] - y.domain[0]) * 0.075;
  const heights = spreadOut(
    [...ends, ...known].map((e) => e.at),
    gap,
    y.domain,
  );
  const labels = [...ends, ...known].map((e, i) => ({ ...e, x: last, height: heights[i] ?? e.at }));
  // A model of fewer loops ends early; its level is carried across so that the eye can compare.
  const carried = lines.points && (lines.carried ?? true);
  const early = carried ? ends.filter((e) => e.from < last).map((e) => ({ ...e, x: last })) : [];

  const xOf = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: x.title,
    scale: { domain: [...x.domain], nice: false, padding: lines.points ? 10 : 2, ...kindOf(x.scale) },
    // vega thins given values out to tickCount, and format 'd' would lower that
    axis: x.ticks
      ? { format: (x.ticks.at(-1) ?? 0) < 10_000 ? '.0f' : '.3~s', values: [...x.ticks], tickCount: x.ticks.length }
      : { format: '~s', tickCount: 6, tickMinStep: 1 },
  });
  const yOf = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: y.title,
    scale: { domain: [...y.domain], nice: false, zero: false },
    axis: { format: y.format },
  });
  const color = { field: 'series', type: 'nominal' as const, scale: { domain: [...order] }, legend: null };
  const shape = {
    field: 'series',
    type: 'nominal' as const,
    scale: { domain: [...order], range: order.map((_, i) => shapes[i % shapes.length] ?? 'circle') },
    legend: null,
  };
  // Colours repeat after a while; from there on lines are dashed.
  const range = order.map((_, i) => (i < palette.light.length ? [1, 0] : [5, 4]));
  const dashes =
    order.length > palette.light.length
      ? {
          strokeDash: { field: 'series', type: 'nominal' as const, scale: { domain: [...order], range }, legend: null },
        }
      : {};
  const tooltip = [
    { field: 'series', title: 'model' },
    { field: 'x', title: x.title },
    { field: 'mean', title: y.title, format: y.tooltipFormat },
    { field: 'lo', title: 'from', format: y.tooltipFormat },
    { field: 'hi', title: 'to', format: y.tooltipFormat },
    { field: 'n', title: 'seeds' },
  ].map((t) => ({
    ...t,
    type:
      typeof lines.means[0]?.[t.field as keyof MeanPoint] === 'string'
        ? ('nominal' as const)
        : ('quantitative' as const),
  }));

  const means = { values: lines.means.map(finite) };
  const bands = { values: lines.means.filter((m) => Number.isFinite(m.lo)) };
  const seeds = { values: lines.seeds.filter((s) => Number.isFinite(s.y)) };
  const severalSeeds = lines.means.some((m) => m.n > 1);
  const layer: Layer[] = [];
  if (lines.reference) {
    layer.push({
      data: { values: [{ at: lines.reference.at }] },
      mark: { type: 'rule', style: 'reference' },
      encoding: { y: yOf('at') },
    });
  }
  layer.push({ data: bands, mark: 'area', encoding: { x: xOf('x'), y: yOf('lo'), y2: { field: 'hi' }, color } });
  if (early.length > 0) {
    layer.push({
      data: { values: early },
      mark: { type: 'rule', style: 'level' },
      encoding: { x: xOf('from'), x2: { field: 'x' }, y: yOf('at'), color },
    });
  }
  if (severalSeeds) {
    layer.push(
      lines.points
        ? { data: seeds, mark: { type: 'point', style: 'seed' }, encoding: { x: xOf('x'), y: yOf('y'), color } }
        : {
            data: seeds,
            mark: { type: 'line', style: 'seedLine' },
            encoding: { x: xOf('x'), y: yOf('y'), color, detail: { field: 'run', type: 'nominal' } },
          },
    );
  }
  layer.push({ data: means, mark: { type: 'line' }, encoding: { x: xOf('x'), y: yOf('mean'), color, ...dashes } });
  layer.push({
    data: means,
    mark: lines.points ? { type: 'point' } : { type: 'point', opacity: 0, size: 160 },
    encoding: { x: xOf('x'), y: yOf('mean'), color, ...(lines.points ? { shape } : {}), tooltip },
  });
  const beside = {
    type: 'text' as const,
    align: 'left' as const,
    baseline: 'middle' as const,
    dx: lines.points ? 18 : 8,
  };
  const placed = { x: xOf('x'), y: yOf('height'), text: { field: 'text', type: 'nominal' as const } };
  const names: Layer[] = [
    {
      data: { values: labels.slice(0, ends.length) },
      mark: { ...beside, style: 'endLabel' },
      encoding: { ...placed, color },
    },
    { data: { values: labels.slice(ends.length) }, mark: { ...beside, style: 'note' }, encoding: placed },
  ];
  const inside: Layer = {
    data: { values: known.map((k) => ({ ...k, x: last })) },
    mark: { type: 'text', style: 'note', align: 'right', baseline: 'bottom', dx: lines.points ? 8 : 0, dy: -3 },
    encoding: { x: xOf('x'), y: yOf('at'), text: { field: 'text', type: 'nominal' } },
  };
  return {
    spec: { $schema: SCHEMA, layer: [...layer, ...(known.length > 0 ? names : names.slice(0, 1))] },
    compact: { $schema: SCHEMA, layer: known.length > 0 ? [...layer, inside] : layer },
  };
}

/** What tells Vega-Lite the kind of a scale. */
export function kindOf(scale: string | undefined): object {
  if (scale === 'log2' || scale === 'log10') return { type: 'log', base: scale === 'log2' ? 2 : 10 };
  return { zero: false };
}

/** Ends for an axis of shares which holds `top`: 0 and a whole number of ticks, 100% at most. */
export function shareDomain(top: number): [number, number] {
  const step = top > 0.6 ? 2 : 1; // tenths
  return [0, Math.min(10, Math.ceil((top * 10) / step - 1e-9) * step) / 10];
}

/** d3 format with as many decimals as about six ticks over `domain` need. */
export function tickFormat([lo, hi]: readonly [number, number]): string {
  return `.${Math.max(0, -Math.floor(Math.log10((hi - lo) / 6) + 1e-9))}f`;
}

/** A name that leaves room for the chart; legends and tables have it whole. */
function short(name: string): string {
  return name.length > 36 ? `${name.slice(0, 35)}…` : name;
}

/**
 * Ends for an axis which hold all of `values` between round numbers.
 * @param least the smallest span worth showing, so that a flat line does not look like mountains
 */
export function niceDomain(values: readonly number[], least = 0, ticks = 4): [number, number] {
  const x = values.filter(Number.isFinite);
  const slack = Math.max(0, least - (Math.max(...x) - Math.min(...x))) / 2;
  const [lo, hi] = [Math.min(...x) - slack, Math.max(...x) + slack];
  const size = Math.max(Math.abs(lo), Math.abs(hi), 1e-3);
  // a difference that no axis could show counts as none
  const span = hi - lo > 1e-9 * size ? hi - lo : Math.abs(hi) > 1e-3 ? Math.abs(hi) * 0.1 : 1;
  const raw = span / ticks;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 2.5, 5, 10].find((m) => m * power >= raw) ?? 10);
  const round = (v: number) => Number(v.toPrecision(12)); // 0.1 * 3 is not 0.3
  const [from, to] = [round(Math.floor(lo / step) * step), round(Math.ceil(hi / step) * step)];
  return [from, to > from ? to : round(from + step)];
}

/** As {@link niceDomain}, for a quantity that cannot go beyond `bounds`. */
export function boundedDomain(
  values: readonly number[],
  bounds: readonly [number, number] = [-Infinity, Infinity],
): [number, number] {
  const within = ([lo, hi]: readonly [number, number]): [number, number] => [
    Math.max(bounds[0], lo),
    Math.min(bounds[1], hi),
  ];
  const [lo, hi] = within(niceDomain(values));
  // all of it at the upper end: room below
  return lo < hi ? [lo, hi] : within(niceDomain(values, (bounds[1] - bounds[0]) / 10));
}

/** JSON knows no NaN: an interval that does not exist is null. */
function finite(point: MeanPoint): object {
  return Object.fromEntries(
    Object.entries(point).map(([k, v]) => [k, typeof v === 'number' && !Number.isFinite(v) ? null : v]),
  );
}
