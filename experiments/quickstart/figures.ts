// The quickstart's figures: accuracy after each loop, and over training.
import { defineFigure, lineChart } from '@looplab/figures';
import { type ColumnTable, from } from 'arquero';

const data = 'data/loops.csv';
const names: Readonly<Record<string, string>> = { looped: 'LoopLM 1×4', plain: 'plain 1×1' };
const chance = { at: 1 / 6, name: 'chance 16.7%' };

interface Row {
  readonly variant: string;
  readonly seed: number;
  readonly step: number;
  readonly loop: number;
  readonly loops: number;
  readonly accuracy: number;
  readonly last: boolean;
}

/** Rows as the collected table has them, under the names of the models. */
function rows(table: ColumnTable, keep: (row: Row) => boolean): ColumnTable {
  const kept = (table.objects() as Row[]).filter(keep); // by column names
  return from(
    kept.map(({ variant, seed, step, loop, accuracy }) => ({
      ...{ model: names[variant] ?? variant, seed, step, loop, accuracy },
    })),
  );
}

export default [
  defineFigure({
    id: 'accuracy-by-loop',
    inputs: [data],
    table: (inputs) => rows(inputs.table(data), (r) => r.last),
    chart: (table) =>
      lineChart(table, {
        id: 'accuracy-by-loop',
        title: 'Each loop adds accuracy',
        caption: 'Held-out accuracy on words over S3 when the model is read after each loop, after 1200 updates',
        x: { field: 'loop', title: 'Loop' },
        y: { field: 'accuracy', title: 'Held-out accuracy', share: true },
        series: 'model',
        order: Object.values(names),
        reference: chance,
      }),
  }),
  defineFigure({
    id: 'learning-curves',
    inputs: [data],
    table: (inputs) => rows(inputs.table(data), (r) => r.loop === r.loops),
    chart: (table) =>
      lineChart(table, {
        id: 'learning-curves',
        title: 'Accuracy while training',
        caption: 'Held-out accuracy on words over S3, read after the last loop',
        x: { field: 'step', title: 'Updates', scale: 'continuous' },
        y: { field: 'accuracy', title: 'Held-out accuracy', share: true },
        series: 'model',
        order: Object.values(names),
        reference: chance,
      }),
  }),
];
