// After which loop a model chooses to answer.
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, type ChartOptions, SCHEMA } from '../chart.ts';
import { FiguresError, type Run } from '../run.ts';
import { seriesOf } from '../series.ts';
import { intervalInWords } from '../statistics.ts';
import { type LoopRow, loopTable, summarise } from '../tables.ts';
import { shareDomain } from './lines.ts';
import { percent } from './perLoop.ts';

/**
 * Probability of leaving after each loop at the last evaluation: bars are means over seeds, rules their intervals.
 * Series of one loop, which cannot choose, are left out.
 * @throws FiguresError where no run of several loops has an exit distribution
 */
export function exitDistribution(runs: readonly Run[], options: ChartOptions = {}): Chart {
  const table = loopTable(runs, options.label).filter('d => d.last && d.loops > 1');
  const rows = (table.objects() as LoopRow[]).filter((row) => Number.isFinite(row.exit)); // loopTable's rows
  if (rows.length === 0)
    throw new FiguresError('no run has exits to choose from; train a strategy with a gate, such as loopLM');
  const bars = summarise(table, ['series', 'loop'], 'exit', [0, 1]).sort((a, b) => a.loop - b.loop);
  const all = options.order ?? seriesOf(runs, options.label).map((s) => s.label);
  const order = all.filter((label) => bars.some((bar) => bar.series === label));
  const top = Math.max(
    ...rows.map((row) => row.exit),
    ...bars.map((bar) => (Number.isFinite(bar.hi) ? bar.hi : bar.mean)),
  );
  const depth = order.map((series) => {
    const own = bars.filter((bar) => bar.series === series);
    return {
      series,
      mean: own.reduce((sum, bar) => sum + bar.loop * bar.mean, 0) / own.reduce((sum, bar) => sum + bar.mean, 0),
    };
  });

  const x = {
    field: 'loop',
    type: 'ordinal' as const,
    title: 'Loop after which the model answers',
    axis: { labelAngle: 0, ticks: false },
    scale: { paddingInner: 0.4, paddingOuter: 0.25 },
  };
  const xOffset =
    order.length > 1
      ? { xOffset: { field: 'series', type: 'nominal' as const, scale: { domain: [...order], paddingInner: 0.1 } } }
      : {};
  const y = (field: string) => ({
    field,
    type: 'quantitative' as const,
    title: 'Share of answers',
    scale: { domain: [...(options.domain ?? room)], nice: false },
    axis: { format: '.0%', values: shares, tickCount: shares.length }, // vega thins values out to the count
  });
  // The colours of all series, so that one keeps its colour from chart to chart.
  const color = (legend: object | null) => ({
    field: 'series',
    type: 'nominal' as const,
    scale: { domain: [...all] },
    legend,
  });
  const several = bars.some((bar) => bar.n > 1);
  const room = top > 0.95 ? [0, 1.08] : shareDomain(top + 0.04); // for the number above the bar
  const shares = Array.from({ length: 11 }, (_, i) => i / 10).filter((_, i) => top + 0.04 <= 0.6 || i % 2 === 0);
  const tooltip = [
    { field: 'series', type: 'nominal' as const, title: 'model' },
    { field: 'loop', type: 'quantitative' as const },
    { field: 'mean', type: 'quantitative' as const, title: 'share', format: '.1%' },
    { field: 'n', type: 'quantitative' as const, title: 'seeds' },
  ];
  const spec = (legend: object | null): TopLevelSpec => ({
    $schema: SCHEMA,
    data: {
      values: bars.map((bar) => ({
        ...bar,
        lo: nullable(bar.lo),
        hi: nullable(bar.hi),
        text: percent(bar.mean),
        top: Math.max(bar.mean, ...(Number.isFinite(bar.hi) ? [bar.hi] : [])),
      })),
    },
    layer: [
      { mark: 'bar', encoding: { x, ...xOffset, y: y('mean'), color: color(legend), tooltip } },
      ...(several
        ? [
            {
              transform: [{ filter: 'isValid(datum.lo)' }],
              mark: { type: 'rule' as const, style: 'spread' },
              encoding: { x, ...xOffset, y: y('lo'), y2: { field: 'hi' } },
            },
          ]
        : []),
      ...(order.length * Math.max(...bars.map((bar) => bar.loop)) <= 16
        ? [
            {
              mark: { type: 'text' as const, style: 'value', baseline: 'bottom' as const, dy: -5 },
              encoding: { x, ...xOffset, y: y('top'), text: { field: 'text', type: 'nominal' as const } },
            },
          ]
        : []),
    ],
  });
  const depths = depth
    .map((d) => (order.length > 1 ? `${d.series} ${d.mean.toFixed(2)}` : d.mean.toFixed(2)))
    .join(', ');
  return {
    id: 'exit-distribution',
    title: 'When the model answers',
    caption: `Probability of leaving after each loop, averaged over held-out symbols; ${intervalInWords(bars.map((bar) => bar.n))}. Mean exit after loop ${depths}.`,
    alt: `Bar chart of exit probability by loop. ${bars.map((bar) => `${bar.series}, loop ${bar.loop}: ${percent(bar.mean)}.`).join(' ')}`,
    spec: spec(order.length > 1 ? { values: [...order] } : null),
    compact: spec(null),
    legend: order.map((name) => ({ name, color: all.indexOf(name) })),
  };
}

function nullable(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
