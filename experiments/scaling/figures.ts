// The fitted law against the losses it was fitted to, and what it says about spending a budget.
import { defineFigure, lineChart, scatter } from '@looplab/figures';
import { from } from 'arquero';

type Row = Readonly<Record<string, number>>;

export default [
  defineFigure({
    id: 'predicted',
    inputs: ['data/scaling-runs.csv'],
    table: (inputs) =>
      from(
        (inputs.table('data/scaling-runs.csv').objects() as Row[]).map((r) => ({
          ...r,
          run: `${r.N} ${r.D} ${r.T}`,
          loops: r.T === 1 ? '1 loop' : `${r.T} loops`,
        })),
      ),
    chart: (table) =>
      scatter(table, {
        id: 'predicted',
        title: 'Losses against those that the law predicts',
        caption: 'One point a run of the sweep over size, tokens and loops',
        x: { field: 'predicted', title: 'Predicted loss, nats' },
        y: { field: 'loss', title: 'Held-out loss, nats' },
        point: 'run',
        group: 'loops',
        names: false,
        slopes: [{ slope: 1, name: 'as predicted' }],
      }),
  }),
  defineFigure({
    id: 'tokens',
    inputs: ['data/scaling-runs.csv'],
    table: (inputs) =>
      from(
        (inputs.table('data/scaling-runs.csv').objects() as Row[]).map((r) => ({
          series: `${((r.N ?? 0) / 1000).toFixed(0)}K parameters × ${r.T}`,
          ...r,
        })),
      ),
    chart: (table) =>
      lineChart(table, {
        id: 'tokens',
        title: 'Loss by tokens, for each size and number of loops',
        caption: 'Held-out loss on words over S3',
        x: { field: 'D', title: 'Training tokens', scale: 'log10' },
        y: { field: 'loss', title: 'Held-out loss, nats' },
        series: 'series',
      }),
    height: 260,
  }),
];
