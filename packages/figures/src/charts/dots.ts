// A ranking: one line a name, the mean as a dot, its interval as a rule, each seed as a faint dot.
import type { ColumnTable } from 'arquero';
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, SCHEMA } from '../chart.ts';
import { FiguresError } from '../run.ts';
import { intervalInWords } from '../statistics.ts';
import { summarise } from '../tables.ts';
import { type Axis, assertColumns } from './lineChart.ts';
import { niceDomain, shareDomain, tickFormat } from './lines.ts';
import { percent } from './perLoop.ts';

export interface DotsOptions {
  readonly id: string;
  readonly title: string;
  /** How the numbers came about; the number of seeds and the interval are added. */
  readonly caption: string;
  /** The column that names what is ranked. */
  readonly name: string;
  readonly value: Axis & { readonly share?: boolean };
  /** One column of dots for each value of this column, side by side, with one order for all: that of the first. */
  readonly facet?: Axis;
  /** Which end is good and stands on top; default `higher`. */
  readonly better?: 'higher' | 'lower';
  /** Levels to compare with, such as chance or a baseline. */
  readonly references?: readonly { readonly at: number; readonly name: string }[];
}

/**
 * The best mean at the top; 95% t intervals.
 * @throws FiguresError where a column is missing or there is no finite value
 */
export function dots(table: ColumnTable, options: DotsOptions): Chart {
  const { name, value, facet } = options;
  const by = [name, ...(facet ? [facet.field] : [])];
  assertColumns(table, options.id, [...by, value.field]);
  const means = summarise(table, by, value.field, value.share ? [0, 1] : undefined);
  if (means.length === 0) throw new FiguresError(`chart ${options.id}: no row has a finite ${value.field}`);
  const sign = options.better === 'lower' ? -1 : 1;
  const rows = (table.objects() as Record<string, unknown>[]).filter((r) => Number.isFinite(r[value.field]));
  const [firstPanel] = facet ? rows.map((r) => r[facet.field]) : [];
  const ranked = means
    .filter((m) => !facet || m[facet.field] === firstPanel)
    .sort((a, b) => sign * (b.mean - a.mean))
    .map((m) => String(m[name]));
  const order = [...new Set([...ranked, ...means.map((m) => String(m[name]))])];
  const references = options.references ?? [];
  const all = [...rows.map((r) => Number(r[value.field])), ...references.map((r) => r.at)];
  const domain = value.share ? shareDomain(Math.max(...all)) : niceDomain(all);
  const x = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: value.title,
    scale: { domain: [...domain], nice: false, zero: false },
    axis: { grid: true, format: value.share ? '.0%' : tickFormat(domain), tickCount: 5 },
  });
  const y = {
    field: 'name',
    type: 'nominal' as const,
    title: null,
    scale: { domain: order },
    axis: { grid: false, labelLimit: 240 },
  };
  const panel = (r: Readonly<Record<string, unknown>>) => (facet ? { panel: String(r[facet.field]) } : {});
  const values = means.map((m) => ({
    ...panel(m),
    kind: 'mean',
    name: String(m[name]),
    mean: m.mean,
    lo: Number.isFinite(m.lo) ? m.lo : null,
    hi: Number.isFinite(m.hi) ? m.hi : null,
    n: m.n,
  }));
  const seeds = rows.map((r) => ({ ...panel(r), kind: 'seed', name: String(r[name]), mean: Number(r[value.field]) }));
  const layer = [
    ...references.map((r) => ({
      mark: { type: 'rule' as const, style: 'reference' },
      encoding: {
        x: { datum: r.at, type: 'quantitative' as const, scale: { domain: [...domain], nice: false, zero: false } },
      },
    })),
    {
      transform: [{ filter: 'datum.kind == "seed"' }],
      mark: { type: 'point' as const, style: 'seed' },
      encoding: { x: x('mean'), y },
    },
    {
      transform: [{ filter: 'datum.kind == "mean" && isValid(datum.lo)' }],
      mark: { type: 'rule' as const, style: 'spread' },
      encoding: { x: x('lo'), x2: { field: 'hi' }, y },
    },
    {
      transform: [{ filter: 'datum.kind == "mean"' }],
      mark: { type: 'point' as const },
      encoding: {
        x: x('mean'),
        y,
        tooltip: [
          { field: 'name', type: 'nominal' as const, title: name },
          { field: 'mean', type: 'quantitative' as const, title: value.title, format: value.share ? '.1%' : '.4~g' },
          { field: 'n', type: 'quantitative' as const, title: 'seeds' },
        ],
      },
    },
  ];
  const spec = facet
    ? { facet: { field: 'panel', type: 'nominal', title: null, sort: null }, spec: { layer }, columns: 2 }
    : { layer };
  const known = references.map((r) => `${r.name} ${value.share ? percent(r.at) : r.at}`).join(', ');
  const write = value.share ? percent : (v: number): string => String(Number(v.toPrecision(3)));
  const best = [...means].sort((a, b) => sign * (b.mean - a.mean)).slice(0, 3);
  return {
    id: options.id,
    title: options.title,
    caption: `${options.caption}; ${intervalInWords(means.map((m) => m.n))}.${known === '' ? '' : ` Dotted: ${known}.`}`,
    alt: `Ranking by ${value.title}. ${sign < 0 ? 'Lowest' : 'Highest'}: ${best.map((m) => `${m[name]} ${write(m.mean)}`).join(', ')}.`,
    spec: { $schema: SCHEMA, data: { values: [...seeds, ...values] }, ...spec } as unknown as TopLevelSpec, // a layered or faceted unit
  };
}
