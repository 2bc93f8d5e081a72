// Accuracy on held-out two-hop questions, by how many different questions there were to learn from and over training.
import { defineFigure, lineChart } from '@looplab/figures';
import { from } from 'arquero';

type Row = Readonly<Record<string, number | string>>;

const models: Readonly<Record<string, string>> = { looped: '1 layer × 4', plain: '1 layer', deep: '4 layers' };
const guessing = { at: 1 / 20, name: 'guessing' };
const accuracy = { field: 'accuracy', title: 'Held-out accuracy', share: true } as const;

/** The last loop of each run: which model, from how many questions. */
const parsed = (rows: Row[]) =>
  rows.flatMap((r) => {
    const [, model = '', questions] = /^([a-z]+)(\d+)$/.exec(String(r.variant)) ?? [];
    if (r.loop !== r.loops) return [];
    const { seed, step, accuracy, last } = r;
    return [{ series: models[model], questions: Number(questions), seed, step, accuracy, last }];
  });

const chart = { y: accuracy, series: 'series', order: Object.values(models), reference: guessing };

export default [
  defineFigure({
    id: 'questions',
    inputs: ['data/loops.csv'],
    table: (inputs) =>
      from(
        parsed(inputs.table('data/loops.csv').objects() as Row[])
          .filter((r) => r.last)
          .map(({ series, questions, seed, accuracy }) => ({ series, questions, seed, accuracy })),
      ),
    chart: (table) =>
      lineChart(table, {
        ...chart,
        id: 'questions',
        title: 'Two-hop questions, by how many different ones there are to learn from',
        caption: 'Answers to 100 held-out questions after 2000 updates; every fact they chain is in the training data',
        x: { field: 'questions', title: 'Different questions in training', scale: 'log2' },
      }),
  }),
  ...[200, 400].map((questions) =>
    defineFigure({
      id: `questions-${questions}`,
      inputs: ['data/loops.csv'],
      table: (inputs) =>
        from(
          parsed(inputs.table('data/loops.csv').objects() as Row[])
            .filter((r) => r.questions === questions)
            .map(({ series, seed, step, accuracy }) => ({ series, seed, step, accuracy })),
        ),
      chart: (table) =>
        lineChart(table, {
          ...chart,
          id: `questions-${questions}`,
          title: `Two-hop questions, ${questions} different ones to learn from`,
          caption: 'Answers to 100 held-out questions; every fact they chain is in the training data',
          x: { field: 'step', title: 'Updates of 256 rows', scale: 'continuous' },
        }),
    }),
  ),
];
