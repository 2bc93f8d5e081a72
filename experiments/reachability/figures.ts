// What the weights of the theorem find after how many loops.
import { defineFigure, heatMap } from '@looplab/figures';

export default [
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
