// The result against each setting: a panel a setting, a point a configuration, a line through the means.
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, SCHEMA } from '../chart.ts';
import { boundedDomain, kindOf, tickFormat } from '../charts/lines.ts';
import { smallMultiples } from '../charts/smallMultiples.ts';
import { capital } from '../metric.ts';
import type { Setting } from '../settings.ts';
import { intervalInWords } from '../statistics.ts';
import { written } from './axes.ts';
import type { Importance } from './importance.ts';
import { ranked } from './judge.ts';
import type { Axis, Configuration, Sweep } from './sweep.ts';

/** Panels that a reader can take in; further settings are in the table. */
const MOST = 9;

const kinds = ['a configuration', 'the best one'] as const;

/**
 * Small multiples with one y axis, the most telling setting first.
 * @param shown from `importances`; not empty
 */
export function settingPanels(sweep: Sweep, shown: readonly Importance[]): Chart {
  const { metric } = sweep;
  const done = ranked(sweep);
  const all = done.flatMap(({ result: r }) => [r.mean, r.lo, r.hi].filter(Number.isFinite));
  const domain = boundedDomain(all, metric.bounds);
  const panels = shown.slice(0, MOST).map((importance) => ({
    title: importance.axis.label,
    chart: panelOf(sweep, importance, done[0], domain),
  }));
  const failed = sweep.configurations.some(isLost);
  const words = [
    `${capital(metric.title)} of each configuration against each setting; ${intervalInWords(done.map((c) => c.result.n))}.`,
    shown.some(({ axis }) => joined(axis)) ? 'Lines and ticks are the means at each value.' : '',
    failed ? 'Crosses at the foot: no run finished there.' : '',
  ];
  return smallMultiples(panels, {
    id: 'settings',
    title: 'Which settings mattered',
    caption: words.filter((w) => w !== '').join(' '),
  });
}

/** Whether the means at its values are joined: where each value was tried by choice, not by a draw. */
function joined({ scale, values }: Axis): boolean {
  return scale === 'ordinal' || values.length <= 8;
}

function isLost(c: Configuration): boolean {
  return c.result.n === 0 && c.runs.every((r) => r.state === 'failed' || r.state === 'diverged');
}

function panelOf(
  { metric, configurations }: Sweep,
  { axis, levels, share }: Importance,
  best: Configuration | undefined,
  domain: readonly [number, number],
): Chart {
  const isNumeric = axis.scale !== 'ordinal';
  const place = (value: Setting | undefined): Setting => (isNumeric ? (value ?? null) : short(written(value)));
  const points = configurations
    .filter((c) => c.result.n > 0 && c.at.has(axis.label))
    .map((c) => ({
      name: c.name,
      x: place(c.at.get(axis.label)),
      y: c.result.mean,
      lo: Number.isFinite(c.result.lo) ? c.result.lo : null,
      hi: Number.isFinite(c.result.hi) ? c.result.hi : null,
      n: c.result.n,
      kind: c === best ? kinds[1] : kinds[0],
    }));
  const lost = configurations
    .filter((c) => isLost(c) && c.at.has(axis.label))
    .map((c) => ({ name: c.name, x: place(c.at.get(axis.label)), y: domain[0] }));
  const means = joined(axis)
    ? levels.map(({ values, result }) => ({
        x: place(values[0]),
        mean: result.mean,
        lo: Number.isFinite(result.lo) ? result.lo : null,
        hi: Number.isFinite(result.hi) ? result.hi : null,
        kind: kinds[0],
      }))
    : [];
  const ticks = axis.values.filter((v): v is number => typeof v === 'number');
  const x = isNumeric
    ? {
        field: 'x',
        type: 'quantitative' as const,
        title: null, // above the panel
        scale: { nice: false, padding: 10, ...kindOf(axis.scale), domain: [ticks[0] ?? 0, ticks.at(-1) ?? 1] },
        axis: {
          format: ticks.every(Number.isInteger) ? '~d' : '~g',
          tickCount: 4,
          labelOverlap: 'greedy' as const,
          labelSeparation: 6,
          ...(ticks.length <= 6 ? { values: ticks, tickCount: ticks.length } : {}),
        },
      }
    : {
        field: 'x',
        type: 'ordinal' as const,
        title: null, // above the panel
        sort: axis.values.map((v) => short(written(v))),
        axis: { labelAngle: axis.values.length > 4 ? -40 : 0, ticks: false },
      };
  const y = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: capital(metric.title),
    scale: { domain: [...domain], nice: false, zero: false },
    axis: { format: metric.share ? '.0%' : tickFormat(domain) },
  });
  const color = { field: 'kind', type: 'nominal' as const, scale: { domain: [...kinds] }, legend: null };
  const format = metric.share ? '.1%' : '.4~g';
  const tooltip = [
    { field: 'name', type: 'nominal', title: 'configuration' },
    { field: 'y', type: 'quantitative', title: metric.title, format },
    { field: 'lo', type: 'quantitative', title: 'from', format },
    { field: 'hi', type: 'quantitative', title: 'to', format },
    { field: 'n', type: 'quantitative', title: 'seeds' },
  ];
  const layer = [
    {
      data: { values: means.filter((m) => m.lo !== null) },
      // an area needs both ends at every value
      mark: isNumeric && means.every((m) => m.lo !== null) ? { type: 'area' } : { type: 'rule', style: 'band' },
      encoding: { x, y: y('lo'), y2: { field: 'hi' }, color },
    },
    {
      data: { values: means },
      mark: isNumeric ? { type: 'line' } : { type: 'tick', style: 'level', thickness: 2, width: 26 },
      encoding: { x, y: y('mean'), color },
    },
    {
      data: { values: points.filter((p) => p.lo !== null) },
      mark: { type: 'rule', style: 'spread' },
      encoding: { x, y: y('lo'), y2: { field: 'hi' } },
    },
    {
      data: { values: points.filter((p) => p.kind === kinds[0]) },
      mark: { type: 'point', style: 'configuration' },
      encoding: { x, y: y('y'), color, tooltip },
    },
    {
      data: { values: points.filter((p) => p.kind === kinds[1]) },
      mark: { type: 'point', style: 'chosen' },
      encoding: { x, y: y('y'), color, tooltip },
    },
    {
      data: { values: lost },
      mark: { type: 'point', shape: 'M-.5,-.5L.5,.5M-.5,.5L.5,-.5', style: 'lost' },
      encoding: { x, y: y('y'), tooltip: [{ field: 'name', type: 'nominal', title: 'did not finish' }] },
    },
  ].filter((l) => l.data.values.length > 0);
  const said = Number.isFinite(share) ? ` It goes with ${Math.round(share * 100)}% of the variance.` : '';
  return {
    id: `setting-${axis.short}`,
    title: axis.label,
    caption: '',
    alt: `${capital(metric.title)} against ${axis.label}. ${levels.map((l) => `${l.name}: ${metric.write(l.result.mean)}`).join('; ')}.${said}`,
    legend: kinds.map((name, color) => ({ name, color })),
    spec: { $schema: SCHEMA, layer } as unknown as TopLevelSpec, // marks are spelled as plain strings above
  };
}

/** A value that leaves room for its panel. */
function short(text: string): string {
  return text.length > 18 ? `${text.slice(0, 17)}…` : text;
}
