// Accuracy by loop, by loop and word length, and what the gate spends on words of which length.
import { defineFigure, lineChart } from '@looplab/figures';
import { from } from 'arquero';

type Row = Readonly<Record<string, number>>;

export default [
  defineFigure({
    id: 'accuracy-by-loop',
    inputs: ['data/depth-loops.csv'],
    table: (inputs) => inputs.table('data/depth-loops.csv').derive({ series: () => 'LoopLM 1×4' }),
    chart: (table) =>
      lineChart(table, {
        id: 'accuracy-by-loop',
        title: 'Accuracy by loop, up to twice the trained depth of four',
        caption: 'Share of right answers on 8192 held-out words over S3, read after each loop',
        x: { field: 'loop', title: 'Loops (trained with 4)' },
        y: { field: 'accuracy', title: 'Held-out accuracy', share: true },
        series: 'series',
        reference: { at: 1 / 6, name: 'guessing' },
      }),
  }),
  defineFigure({
    id: 'accuracy-by-length',
    inputs: ['data/depth-difficulty.csv'],
    table: (inputs) =>
      inputs
        .table('data/depth-difficulty.csv')
        .filter((d: { loop: number }) => d.loop <= 5 || d.loop === 8)
        .derive({ series: (d: { loop: number }) => (d.loop === 1 ? '1 loop' : `${d.loop} loops`) }),
    chart: (table) =>
      lineChart(table, {
        id: 'accuracy-by-length',
        title: 'Each loop reaches longer words',
        caption: 'Share of right answers by the number of factors in the product, read after 1 to 8 loops',
        x: { field: 'steps', title: 'Factors in the word' },
        y: { field: 'accuracy', title: 'Held-out accuracy', share: true },
        series: 'series',
        order: ['1 loop', '2 loops', '3 loops', '4 loops', '5 loops', '8 loops'],
        reference: { at: 1 / 6, name: 'guessing' },
      }),
  }),
  defineFigure({
    id: 'loops-by-length',
    inputs: ['data/depth-depthByDifficulty.csv'],
    table: (inputs) =>
      from(
        (inputs.table('data/depth-depthByDifficulty.csv').objects() as Row[]).flatMap((r) => [
          { seed: r.seed, steps: r.steps, series: 'spent by the gate', loops: r.expectedLoops },
          { seed: r.seed, steps: r.steps, series: 'needed', loops: r.firstRight },
        ]),
      ),
    chart: (table) =>
      lineChart(table, {
        id: 'loops-by-length',
        title: 'Loops that words need, and loops that the gate spends on them',
        caption:
          'Needed: mean of the first loop from which an answer stays right, of those right at the end; spent: mean of the exit distribution',
        x: { field: 'steps', title: 'Factors in the word' },
        y: { field: 'loops', title: 'Loops' },
        series: 'series',
      }),
  }),
];
