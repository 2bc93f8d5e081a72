// The fitted law against the losses it was fitted to, and what it says about spending a budget.
import { defineFigure, isoFlopCurves, lineChart, scatter } from '@looplab/figures';
import { from } from 'arquero';

type Row = Readonly<Record<string, number>>;

const loopsOf = (r: Row): string => (r.T === 1 ? '1 loop' : `${r.T} loops`);

/** Small models first, few loops first. */
const inOrder = (rows: Row[]): Row[] =>
  [...rows].sort(
    (a, b) =>
      (a.N ?? 0) - (b.N ?? 0) || (a.T ?? 0) - (b.T ?? 0) || (a.D ?? 0) - (b.D ?? 0) || (a.seed ?? 0) - (b.seed ?? 0),
  );

export default [
  defineFigure({
    id: 'iso-flop',
    inputs: ['data/iso-flop.csv'],
    table: (inputs) => from(isoFlopCurves(inputs.table('data/iso-flop.csv').objects() as Row[])),
    chart: (table) =>
      lineChart(table, {
        id: 'iso-flop',
        title: 'The best size for a training budget',
        caption:
          'Loss that the law of at most four loops predicts at one loop if the budget goes into a model of this size and the tokens left for it',
        x: { field: 'N', title: 'Parameters', scale: 'log10' },
        y: { field: 'loss', title: 'Predicted loss, nats' },
        series: 'budget',
        carried: false,
      }),
  }),
  defineFigure({
    id: 'predicted',
    inputs: ['data/scaling-runs.csv'],
    table: (inputs) =>
      from(
        inOrder(inputs.table('data/scaling-runs.csv').objects() as Row[]).map((r) => ({
          ...r,
          run: `${r.N} ${r.D} ${r.T} ${r.seed}`,
          loops: loopsOf(r),
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
        inOrder(inputs.table('data/scaling-runs.csv').objects() as Row[]).map((r) => ({
          ...r,
          series: loopsOf(r),
          size: `${((r.N ?? 0) / 1000).toFixed(0)}K parameters`,
        })),
      ),
    chart: (table) =>
      lineChart(table, {
        id: 'tokens',
        title: 'Loss by tokens, sizes and loops',
        caption: 'Held-out loss on text, in nats a byte, of models with so many parameters and loops',
        x: { field: 'D', title: 'Training tokens', scale: 'log2' },
        y: { field: 'loss', title: 'Held-out loss, nats' },
        series: 'series',
        order: ['1 loop', '2 loops', '4 loops', '8 loops'],
        facet: { field: 'size', title: '', columns: 2 },
      }),
    height: 420,
  }),
];
