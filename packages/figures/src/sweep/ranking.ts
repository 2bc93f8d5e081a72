// Configurations by rank: a row each, the mean with its interval, the best on top.
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, SCHEMA } from '../chart.ts';
import { niceDomain, tickFormat } from '../charts/lines.ts';
import { capital } from '../metric.ts';
import { intervalInWords } from '../statistics.ts';
import { bySeed, ranked } from './judge.ts';
import type { Sweep } from './sweep.ts';

/** Rows that can be read beside each other. */
const MOST = 24;

/** @param sweep with a result */
export function ranking(sweep: Sweep): Chart {
  const { metric } = sweep;
  const done = ranked(sweep);
  const shown = done.slice(0, MOST);
  const seeds = shown.flatMap((c) => [...bySeed(c, metric)].map(([seed, x]) => ({ name: c.name, x, seed })));
  const values = shown.map(({ name, result: { mean, lo, hi, n } }) => ({
    ...{ name, mean, n, text: metric.write(mean) },
    lo: Number.isFinite(lo) ? lo : null,
    hi: Number.isFinite(hi) ? hi : null,
  }));
  const domain = niceDomain([...seeds.map((s) => s.x), ...values.flatMap((v) => [v.lo ?? v.mean, v.hi ?? v.mean])]);
  const x = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: capital(metric.title),
    scale: { domain, nice: false, zero: false },
    axis: { format: metric.share ? '.0%' : tickFormat(domain), grid: true, domain: false, ticks: false, tickCount: 5 },
  });
  const y = {
    field: 'name',
    type: 'ordinal' as const,
    title: null,
    sort: shown.map((c) => c.name),
    axis: { grid: false, domain: false, ticks: false, labelLimit: 180 },
  };
  const format = metric.share ? '.1%' : '.4~g';
  const tooltip = [
    { field: 'name', type: 'nominal', title: 'configuration' },
    { field: 'mean', type: 'quantitative', title: metric.title, format },
    { field: 'lo', type: 'quantitative', title: 'from', format },
    { field: 'hi', type: 'quantitative', title: 'to', format },
    { field: 'n', type: 'quantitative', title: 'seeds' },
  ];
  const color = { datum: 'mean', type: 'nominal', scale: { domain: ['mean'] }, legend: null };
  const layer = [
    {
      data: { values: values.filter((v) => v.lo !== null) },
      mark: { type: 'rule', style: 'interval' },
      encoding: { x: x('lo'), x2: { field: 'hi' }, y, color },
    },
    { data: { values: seeds }, mark: { type: 'point', style: 'seed' }, encoding: { x: x('x'), y, color } },
    { data: { values }, mark: { type: 'point' }, encoding: { x: x('mean'), y, color, tooltip } },
  ];
  const more = done.length - shown.length;
  return {
    id: 'ranking',
    title: 'Configurations by rank',
    caption: `${capital(metric.title)}; ${intervalInWords(done.map((c) => c.result.n))}. Small points are seeds.${more > 0 ? ` ${more} more are not shown.` : ''}`,
    alt: `Dot plot of ${metric.title}. ${values.map((v) => `${v.name}: ${v.text}`).join('; ')}.`,
    spec: { $schema: SCHEMA, layer } as unknown as TopLevelSpec, // marks are spelled as plain strings above
  };
}
