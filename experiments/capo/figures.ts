// Bits of knowledge a parameter after each loop, and what of a person is known.
import { defineFigure, lineChart, scatter } from '@looplab/figures';
import { from } from 'arquero';

type Row = Readonly<Record<string, number | string | boolean>>;

const names: Readonly<Record<string, string>> = { looped: '2 layers × 4', plain: '2 layers' };

export default [
  defineFigure({
    id: 'bits-by-loop',
    inputs: ['data/capacity-bits.csv'],
    table: (inputs) =>
      from(
        (inputs.table('data/capacity-bits.csv').objects() as Row[])
          .filter((r) => r.trained === true)
          .map((r) => ({ series: names[String(r.variant)], seed: r.seed, loop: r.loop, bits: r.bitsPerParameter })),
      ),
    chart: (table) =>
      lineChart(table, {
        id: 'bits-by-loop',
        title: 'Bits of knowledge a parameter',
        caption: 'After 100 exposures of 400 biographies, read after each loop; negative: worse than guessing',
        x: { field: 'loop', title: 'Loops' },
        y: { field: 'bits', title: 'Bits a parameter' },
        series: 'series',
        order: Object.values(names),
      }),
  }),
  defineFigure({
    id: 'attributes',
    inputs: ['data/capacity-attributes.csv'],
    table: (inputs) =>
      from(
        (inputs.table('data/capacity-attributes.csv').objects() as Row[])
          .filter((r) => r.loop === (r.variant === 'looped' ? 4 : 1))
          .map((r) => ({
            model: names[String(r.variant)],
            attribute: `${r.attribute}, ${r.variant}`,
            seed: r.seed,
            most: r.maxPerPerson,
            bits: r.bitsPerPerson,
          })),
      ),
    chart: (table) =>
      scatter(table, {
        id: 'attributes',
        title: 'What is known of a person',
        caption: 'Bits stored of each attribute, a person, against the bits that there are',
        x: { field: 'most', title: 'Bits there are' },
        y: { field: 'bits', title: 'Bits stored' },
        point: 'attribute',
        group: 'model',
        slopes: [{ slope: 1, name: 'all there is' }],
      }),
    height: 260,
  }),
];
