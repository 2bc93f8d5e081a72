// Parallel coordinates: a line a configuration through all of its settings to its result, the best in colour.
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, SCHEMA } from '../chart.ts';

/** One axis; places are from 0, at its foot, to 1. */
export interface ParallelAxis {
  readonly title: string;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

export interface ParallelLine {
  readonly name: string;
  /** A place on each axis; null leaves a gap. */
  readonly at: readonly (number | null)[];
  /** What stands on each axis, in words. */
  readonly texts: readonly string[];
  /** Drawn in the colour of this place of the palette, above the others. */
  readonly color?: number;
}

export interface ParallelOptions {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly alt: string;
  /** Names of the colours that lines have, in order. */
  readonly legend: readonly string[];
}

/** The lines over the axes, left to right. */
export function parallel(
  axes: readonly ParallelAxis[],
  lines: readonly ParallelLine[],
  options: ParallelOptions,
): Chart {
  const { legend, ...words } = options;
  const titles = axes.map((a) => a.title);
  const rows = lines.flatMap(({ name, at, texts, color }) =>
    axes.map((axis, i) => ({
      name,
      axis: axis.title,
      at: at[i] ?? null,
      text: texts[i] ?? '',
      ...(color === undefined ? {} : { group: legend[color] ?? '' }),
    })),
  );
  const x = {
    field: 'axis',
    type: 'ordinal' as const,
    title: null,
    sort: titles,
    scale: { type: 'point' as const, padding: 0.35 },
    axis: { orient: 'top' as const, domain: false, ticks: false, labelAngle: 0, labelPadding: 12 },
  };
  const y = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: null,
    scale: { domain: [0, 1], nice: false },
    axis: null,
  });
  const color = { field: 'group', type: 'nominal' as const, scale: { domain: [...legend] }, legend: null };
  const tooltip = [
    { field: 'name', type: 'nominal', title: 'configuration' },
    { field: 'axis', type: 'nominal', title: 'on' },
    { field: 'text', type: 'nominal', title: 'is' },
  ];
  const detail = { field: 'name', type: 'nominal' };
  const plain = { values: rows.filter((r) => !('group' in r)) };
  const chosen = { values: rows.filter((r) => 'group' in r) };
  const layer = [
    { data: plain, mark: { type: 'line', style: 'others' }, encoding: { x, y: y('at'), detail } },
    {
      data: { values: titles.map((axis) => ({ axis, at: 0, to: 1 })) },
      mark: { type: 'rule', style: 'spine' },
      encoding: { x, y: y('at'), y2: { field: 'to' } },
    },
    { data: chosen, mark: { type: 'line' }, encoding: { x, y: y('at'), detail, color } },
    { data: plain, mark: { type: 'point', opacity: 0, size: 80 }, encoding: { x, y: y('at'), tooltip } },
    { data: chosen, mark: { type: 'point' }, encoding: { x, y: y('at'), color, tooltip } },
    {
      data: { values: axes.flatMap((a) => a.ticks.map((t) => ({ axis: a.title, ...t }))) },
      mark: { type: 'text', style: 'note', align: 'right', baseline: 'middle', dx: -7 },
      encoding: { x, y: y('at'), text: { field: 'text', type: 'nominal' } },
    },
  ].filter((l) => l.data.values.length > 0);
  return {
    ...words,
    legend: legend.map((name, color) => ({ name, color })),
    spec: { $schema: SCHEMA, layer } as unknown as TopLevelSpec, // marks are spelled as plain strings above
  };
}
