// What written and latent answers cost, and how much the written chain matters to its answer.
import { defineFigure, heatMap, lineChart, scatter } from '@looplab/figures';
import { from } from 'arquero';

type Row = Readonly<Record<string, number | string | null>>;

/** What an answer costs: its name, its column and how that is written. */
const costs = [
  {
    id: 'cost',
    title: 'What an answer costs, written and latent',
    field: 'flops',
    axis: 'FLOPs of an answer',
    log: true,
  },
  {
    ...{ id: 'time', title: 'How long an answer takes, written and latent', field: 'milliseconds' },
    ...{ axis: 'Milliseconds of an answer', log: false },
  },
] as const;

export default [
  ...costs.map(({ id, title, field, axis, log }) =>
    defineFigure({
      id,
      inputs: ['data/cotBaseline-cost.csv'],
      table: (inputs) => {
        const rows = inputs.table('data/cotBaseline-cost.csv').objects() as Row[];
        const nameOf = ({ variant, way, loops }: Row): string | undefined => {
          if (variant === 'latent')
            return way === 'written' ? 'written chain' : `latent, ${loops} ${loops === 1 ? 'loop' : 'loops'}`;
          return variant === 'direct' && way === 'latent' ? 'straight away' : undefined;
        };
        return from(
          rows.flatMap((row) => {
            const way = nameOf(row);
            return way === undefined ? [] : [{ way, seed: row.seed, [field]: row[field], accuracy: row.accuracy }];
          }),
        );
      },
      chart: (table) =>
        scatter(table, {
          ...{ id, title },
          caption:
            id === 'cost'
              ? 'Share of whole words of eight factors answered right, against the counted FLOPs of prompt, chain and answer'
              : 'Share of whole words of eight factors answered right, against the time of one answer with a cache, prompt included, on two CPU cores',
          x: { field, title: axis, log },
          y: { field: 'accuracy', title: 'Words answered right', share: true },
          point: 'way',
          front: true,
          reference: { at: 1 / 6, name: 'guessing' },
        }),
    }),
  ),
  defineFigure({
    id: 'tampering',
    inputs: ['data/cotBaseline-interventions.csv'],
    table: (inputs) =>
      inputs
        .table('data/cotBaseline-interventions.csv')
        .filter((d: { variant: string }) => d.variant === 'written')
        .select('intervention', 'seed', 'steps', 'same', 'accuracy'),
    chart: (table) =>
      lineChart(table, {
        id: 'tampering',
        title: 'Does the answer depend on the written chain?',
        caption:
          'Share of answers that stay the same when the chain is cut off after so many values, goes on from a wrong one, is replaced by fillers, or lacks its start',
        x: { field: 'steps', title: 'Chain values' },
        y: { field: 'same', title: 'Same answer', share: true },
        series: 'intervention',
      }),
  }),
  defineFigure({
    id: 'interchange',
    inputs: ['data/interchange-interchange.csv'],
    table: (inputs) =>
      inputs
        .table('data/interchange-interchange.csv')
        .filter((d: { variant: string; site: string }) => d.variant === 'latent' && d.site === 'step')
        .select('seed', 'step', 'loop', 'follows'),
    chart: (table) =>
      heatMap(table, {
        id: 'interchange',
        title: 'Does the latent answer follow a patched step?',
        caption:
          "Share of pairs of words whose answer becomes the other word's when the state at a chain step's place is taken from it after this loop",
        x: { field: 'loop', title: 'Loop (0: before the first)' },
        y: { field: 'step', title: 'Chain step' },
        value: { field: 'follows', title: 'Follows', share: true },
      }),
    height: 300,
  }),
  defineFigure({
    id: 'cka',
    inputs: ['data/alignment-ckaWriter.csv'],
    table: (inputs) => {
      const rows = inputs.table('data/alignment-ckaWriter.csv').objects() as Row[];
      const placeOf = ({ site, step }: Row): string | undefined =>
        site === `step ${step}` ? 'at its own place' : site === 'answer' ? 'at the answer' : undefined;
      return from(
        rows.flatMap((row) => {
          const place = row.variant === 'latent' && row.step !== 0 ? placeOf(row) : undefined; // 0: before the chain
          return place === undefined ? [] : [{ place, seed: row.seed, step: row.step, loop: row.loop, cka: row.cka }];
        }),
      );
    },
    chart: (table) =>
      heatMap(table, {
        id: 'cka',
        title: 'How alike are the states of loops and of the written chain?',
        caption:
          "CKA of the latent model's states after each loop with those in which the writer is about to write each step (0: unrelated, 100: equal up to rotation and scale)",
        x: { field: 'loop', title: 'Loop (0: before the first)' },
        y: { field: 'step', title: 'Step' },
        value: { field: 'cka', title: 'CKA', share: true },
        facet: { field: 'place', title: 'Place' },
      }),
    height: 300,
  }),
];
