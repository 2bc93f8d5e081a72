// What the prior over exit steps does to learning, to accuracy after each loop, and to the accuracy that a gate buys.
import { defineFigure, type FigureInputs, lineChart } from '@looplab/figures';
import { type ColumnTable, from } from 'arquero';
import { exitPoints } from '../exitPoints.ts';

const names: Readonly<Record<string, string>> = {
  uniform: 'uniform',
  geometric02: 'geometric 0.2',
  geometric05: 'geometric 0.5',
  geometric08: 'geometric 0.8',
};
const order = Object.values(names);

type Row = Readonly<Record<string, number | string | boolean>>;

/** The rows of a table that count, named for the reader. */
function named(inputs: FigureInputs, file: string, keep: (row: Row) => boolean): ColumnTable {
  const rows = (inputs.table(file).objects() as Row[]).filter(keep);
  return from(rows.map((row) => ({ prior: names[String(row.variant)], ...row })));
}

export default [
  defineFigure({
    id: 'accuracy-by-loop',
    inputs: ['data/loops.csv'],
    table: (inputs) =>
      named(inputs, 'data/loops.csv', (r) => r.last === true).select('prior', 'seed', 'loop', 'accuracy'),
    chart: (table) =>
      lineChart(table, {
        id: 'accuracy-by-loop',
        title: 'Accuracy by loop under four priors over exit steps',
        caption: 'Held-out words over S3 after 1200 updates; geometric priors by their chance of stopping in each loop',
        x: { field: 'loop', title: 'Loops' },
        y: { field: 'accuracy', title: 'Held-out accuracy', share: true },
        series: 'prior',
        order,
        reference: { at: 1 / 6, name: 'guessing' },
      }),
  }),
  defineFigure({
    id: 'learning-curves',
    inputs: ['data/loops.csv'],
    table: (inputs) =>
      named(inputs, 'data/loops.csv', (r) => r.loop === r.loops).select('prior', 'seed', 'step', 'loss'),
    chart: (table) =>
      lineChart(table, {
        id: 'learning-curves',
        title: 'Held-out loss over training under four priors',
        caption: 'Loss after the last loop',
        x: { field: 'step', title: 'Updates', scale: 'continuous' },
        y: { field: 'loss', title: 'Held-out loss, nats' },
        series: 'prior',
        order,
      }),
  }),
  defineFigure({
    id: 'front',
    inputs: ['data/earlyExit-points.csv'],
    table: (inputs) =>
      exitPoints(
        inputs.table('data/earlyExit-points.csv'),
        Object.fromEntries(Object.entries(names).map(([variant, name]) => [`qExit ${variant}`, name])),
      ),
    chart: (table) =>
      lineChart(table, {
        id: 'front',
        title: 'Accuracy against loops spent by gates of four priors',
        caption: 'The exit rule of the paper at nine thresholds, each point at the mean loops over seeds',
        x: { field: 'loops', title: 'Mean loops of an answer', scale: 'continuous' },
        y: { field: 'accuracy', title: 'Held-out accuracy', share: true },
        series: 'series',
        order,
      }),
  }),
];
