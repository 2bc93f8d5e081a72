// Accuracy over training of the same layers applied once, twice and four times; and what the theorem's weights find.
import { defineFigure, heatMap, lineChart } from '@looplab/figures';
import { from } from 'arquero';

const names: Readonly<Record<string, string>> = { loops4: '4 loops', loops2: '2 loops', loops1: '1 loop' };

export default [
  defineFigure({
    id: 'learning-curves',
    inputs: ['data/loops.csv'],
    table: (inputs) =>
      from(
        (inputs.table('data/loops.csv').objects() as Record<string, number | string>[])
          .filter((r) => r.loop === r.loops)
          .map((r) => ({ series: names[String(r.variant)], seed: r.seed, step: r.step, accuracy: r.accuracy })),
      ),
    chart: (table) =>
      lineChart(table, {
        id: 'learning-curves',
        title: 'Finding ways in graphs over training',
        caption:
          'Held-out graphs of 8 nodes whose goal lies three edges away; the same two layers applied one to four times',
        x: { field: 'step', title: 'Updates of 128 graphs', scale: 'continuous' },
        y: { field: 'accuracy', title: 'Held-out accuracy', share: true },
        series: 'series',
        order: Object.values(names),
        reference: { at: 0.5, name: 'guessing' },
      }),
  }),
  defineFigure({
    id: 'theorem',
    inputs: ['data/theorem.csv'],
    table: (inputs) =>
      inputs.table('data/theorem.csv').filter((d: { distance: number | string }) => d.distance !== 'none'),
    chart: (table) =>
      heatMap(table, {
        id: 'theorem',
        title: "What the theorem's layer has found after so many loops",
        caption:
          'Share of pairs of nodes of random graphs, by their distance, between which one layer with the weights of the theorem has found the way',
        x: { field: 'distance', title: 'Distance' },
        y: { field: 'loops', title: 'Loops' },
        value: { field: 'found', title: 'Found', share: true },
      }),
  }),
];
