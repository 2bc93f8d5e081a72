// Accuracy on held-out two-hop questions over training, by how many different questions there were to learn from.
import { defineFigure, lineChart } from '@looplab/figures';
import { from } from 'arquero';

const models: Readonly<Record<string, string>> = { looped: '1 layer × 4', plain: '1 layer', deep: '4 layers' };

export default ([200, 400] as const).map((questions) =>
  defineFigure({
    id: `questions-${questions}`,
    inputs: ['data/loops.csv'],
    table: (inputs) =>
      from(
        (inputs.table('data/loops.csv').objects() as Record<string, number | string>[]).flatMap((r) => {
          const [, model = '', n] = /^([a-z]+)(\d+)$/.exec(String(r.variant)) ?? [];
          if (Number(n) !== questions || r.loop !== r.loops) return [];
          return [{ series: models[model], seed: r.seed, step: r.step, accuracy: r.accuracy }];
        }),
      ),
    chart: (table) =>
      lineChart(table, {
        id: `questions-${questions}`,
        title: `Two-hop questions, ${questions} different ones to learn from`,
        caption: 'Answers to 100 held-out questions; every fact they chain is in the training data',
        x: { field: 'step', title: 'Updates of 256 rows', scale: 'continuous' },
        y: { field: 'accuracy', title: 'Held-out accuracy', share: true },
        series: 'series',
        order: Object.values(models),
        reference: { at: 1 / 20, name: 'guessing' },
      }),
  }),
);
