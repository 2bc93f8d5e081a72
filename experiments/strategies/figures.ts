// All strategies ranked by accuracy, and their accuracy against the work of an answer.
import { defineFigure, dots, scatter } from '@looplab/figures';

const data = 'data/strategies.csv';
const asTrained = 'at equal parameters (isoFlop has four times the layers) and equal training FLOPs';

export default [
  defineFigure({
    id: 'ranking',
    inputs: [data],
    height: 340,
    table: (inputs) => inputs.table(data).select('task', 'strategy', 'seed', 'accuracy', 'params', 'training'),
    chart: (table) =>
      dots(table, {
        id: 'ranking',
        title: 'What each recurrence makes of the same budget',
        caption: `Held-out accuracy ${asTrained}`,
        name: 'strategy',
        value: { field: 'accuracy', title: 'Held-out accuracy', share: true },
        facet: { field: 'task', title: 'Task' },
      }),
  }),
  ...['words over S3', 'Mano'].map((task) => {
    const id = task === 'Mano' ? 'accuracy-against-flops-mano' : 'accuracy-against-flops';
    return defineFigure({
      id,
      inputs: [data],
      height: 270,
      table: (inputs) =>
        inputs
          .table(data)
          .params({ task })
          .filter((d: { task: string }, $: { task: string }) => d.task === $.task)
          .select('strategy', 'seed', 'accuracy', 'answering'),
      chart: (table, size) =>
        scatter(table, {
          id,
          title: `Accuracy against the work of an answer: ${task}`,
          caption: `Held-out accuracy ${asTrained}, against the counted forward FLOPs a token at full depth`,
          x: { field: 'answering', title: 'Forward FLOPs a token', log: true },
          y: { field: 'accuracy', title: 'Held-out accuracy', share: true },
          point: 'strategy',
          front: true,
          size,
        }),
    });
  }),
];
