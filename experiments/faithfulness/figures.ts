// Agreement between loops, when chain steps can be read off, and which of them the answer follows when they are patched.
import { defineFigure, heatMap, lineChart } from '@looplab/figures';
import { from } from 'arquero';

type Row = Readonly<Record<string, number | string | null>>;

/** Probes of the state at the answer: a row a value. */
function readOff(of: {
  id: string;
  input: string;
  x: { field: string; title: string };
  title: string;
  caption: string;
}) {
  const { id, input, x, title, caption } = of;
  return defineFigure({
    id,
    inputs: [input],
    table: (inputs) =>
      inputs
        .table(input)
        .filter((d: { site: string }) => d.site === 'answer')
        .select('seed', 'target', x.field, 'accuracy'),
    chart: (table) =>
      heatMap(table, {
        ...{ id, title, caption, x },
        y: { field: 'target', title: 'Read off' },
        value: { field: 'accuracy', title: 'Accuracy', share: true },
        upwards: false,
      }),
    height: 330,
  });
}

export default [
  defineFigure({
    id: 'agreement',
    inputs: ['data/agreement-agreement.csv'],
    table: (inputs) => {
      const rows = inputs.table('data/agreement-agreement.csv').objects() as Row[];
      return from(
        rows
          .flatMap((r) => (r.i === r.j ? [r] : [r, { ...r, i: r.j ?? null, j: r.i ?? null }]))
          .map(({ seed, i, j, share }) => ({ seed, i, j, share })),
      );
    },
    chart: (table) =>
      heatMap(table, {
        id: 'agreement',
        title: 'Agreement between loops',
        caption:
          'Share of held-out tokens with the same likeliest answer after loop i and loop j; trained with 8 loops',
        x: { field: 'j', title: 'Loop j' },
        y: { field: 'i', title: 'Loop i' },
        value: { field: 'share', title: 'Agreement', share: true },
      }),
    height: 330,
  }),
  defineFigure({
    id: 'decodability',
    inputs: ['data/alignment-decodability.csv'],
    table: (inputs) => inputs.table('data/alignment-decodability.csv').select('seed', 'step', 'loop', 'normalised'),
    chart: (table) =>
      heatMap(table, {
        id: 'decodability',
        title: 'When each running product can be read off the states',
        caption:
          'Normalised accuracy (0: guessing, 100: perfect) of the best ridge probe for each chain step after each loop',
        x: { field: 'loop', title: 'Loop (0: before the first)' },
        y: { field: 'step', title: 'Chain step' },
        value: { field: 'normalised', title: 'Read off', share: true },
      }),
    height: 300,
  }),
  defineFigure({
    id: 'interchange',
    inputs: ['data/interchange-interchange.csv'],
    table: (inputs) =>
      inputs
        .table('data/interchange-interchange.csv')
        .filter((d: { site: string }) => d.site === 'step')
        .select('seed', 'step', 'loop', 'follows'),
    chart: (table) =>
      heatMap(table, {
        id: 'interchange',
        title: 'Does the answer follow a patched step?',
        caption:
          "Share of pairs of words whose answer becomes the other word's when the state at a chain step's place is taken from it after this loop",
        x: { field: 'loop', title: 'Loop (0: before the first)' },
        y: { field: 'step', title: 'Chain step' },
        value: { field: 'follows', title: 'Follows', share: true },
      }),
    height: 300,
  }),
  readOff({
    id: 'probes',
    input: 'data/probes-probes.csv',
    x: { field: 'loop', title: 'Loop (0: before the first)' },
    title: 'What can be read off the state at the answer',
    caption: 'Cross-validated accuracy of ridge probes for each value of the chain, the answer and what the model says',
  }),
  readOff({
    id: 'probes-layers',
    input: 'data/layers/probes-layers.csv',
    x: { field: 'computed', title: 'Layers computed' },
    title: 'What can be read off between the layers of a loop',
    caption:
      'Accuracy of ridge probes of the state at the answer after each layer of models of 2 layers and 4 loops; an odd number is the middle of a loop',
  }),
  defineFigure({
    id: 'movement',
    inputs: ['data/geometry-movement.csv'],
    table: (inputs) =>
      inputs
        .table('data/geometry-movement.csv')
        .filter(
          (d: { quantity: string; loop: number }) =>
            d.loop > 1 && (d.quantity === 'relative step' || d.quantity === 'entropy'),
        )
        .select('seed', 'loop', 'quantity', 'value')
        .rename({ quantity: 'series' }),
    chart: (table) =>
      lineChart(table, {
        id: 'movement',
        title: 'How far the state moves in a loop, and how sure it is',
        caption:
          'At the answer: length of the change over that of the state before, and entropy of the prediction in nats; from loop 2, trained with 8',
        x: { field: 'loop', title: 'Loop' },
        y: { field: 'value', title: 'Relative step; entropy in nats' },
        series: 'series',
      }),
  }),
];
