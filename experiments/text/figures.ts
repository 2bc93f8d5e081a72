// The text study's figures: bits per byte after each loop, and where the model would leave.
import { defineFigure, lineChart } from '@looplab/figures';
import { type ColumnTable, from } from 'arquero';

const data = 'data/loops.csv';

interface Row {
  readonly variant: string;
  readonly seed: number;
  readonly step: number;
  readonly loop: number;
  readonly loss: number;
  readonly exit: number;
  readonly last: boolean;
}

/** The last evaluation; the loss in nats a byte as bits. */
function atTheEnd(table: ColumnTable): ColumnTable {
  const last = (table.objects() as Row[]).filter((r) => r.last); // by column names
  return from(
    last.map(({ seed, loop, loss, exit }) => ({ model: 'LoopLM 2×4', seed, loop, bits: loss / Math.LN2, exit })),
  );
}

const x = { field: 'loop', title: 'Loop' };

export default [
  defineFigure({
    id: 'bits-per-byte-by-loop',
    inputs: [data],
    table: (inputs) => atTheEnd(inputs.table(data)).select('model', 'seed', 'loop', 'bits'),
    chart: (table) =>
      lineChart(table, {
        id: 'bits-per-byte-by-loop',
        title: 'The first loops help, the last does not',
        caption: 'Held-out bits per byte when the model is read after each loop, after 1000 updates (lower is better)',
        x,
        y: { field: 'bits', title: 'Held-out bits per byte' },
        series: 'model',
      }),
  }),
  defineFigure({
    id: 'exit-by-loop',
    inputs: [data],
    table: (inputs) => atTheEnd(inputs.table(data)).select('model', 'seed', 'loop', 'exit'),
    chart: (table) =>
      lineChart(table, {
        id: 'exit-by-loop',
        title: 'When the model would answer',
        caption: 'Probability of leaving after each loop, averaged over held-out bytes',
        x,
        y: { field: 'exit', title: 'Probability of leaving', share: true },
        series: 'model',
      }),
  }),
];
