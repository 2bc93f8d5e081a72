// Bits of knowledge a parameter by how often each biography was seen, and what of a person is known.
import { defineFigure, lineChart, scatter } from '@looplab/figures';
import { from } from 'arquero';

type Row = Readonly<Record<string, number | string | boolean>>;

const models: Readonly<Record<string, string>> = { looped: '2 layers × 4', plain: '2 layers' };

/** Rows at the trained depth, with the model and the exposures that the name of the variant says. */
function atTrainedDepth(rows: Row[]): (Row & { model: string; exposures: number })[] {
  return rows.flatMap((r) => {
    const [, model = '', exposures = ''] = /^([a-z]+)(\d+)$/.exec(String(r.variant)) ?? [];
    return r.loop === (model === 'looped' ? 4 : 1)
      ? [{ ...r, model: models[model] ?? '', exposures: Number(exposures) }]
      : [];
  });
}

export default [
  defineFigure({
    id: 'bits',
    inputs: ['data/capacity-bits.csv'],
    table: (inputs) =>
      from(
        atTrainedDepth(inputs.table('data/capacity-bits.csv').objects() as Row[]).map((r) => ({
          ...{ series: r.model, seed: r.seed, exposures: r.exposures, bits: r.bitsPerParameter },
          most: r.maxBitsPerParameter,
        })),
      ),
    chart: (table) =>
      lineChart(table, {
        id: 'bits',
        title: 'Bits of knowledge a parameter',
        caption: 'About 400 people, by how often each biography was seen; dotted: everything there is to know',
        x: { field: 'exposures', title: 'Exposures' },
        y: { field: 'bits', title: 'Bits a parameter', domain: [-0.2, 1.4] },
        series: 'series',
        order: Object.values(models),
        reference: { at: table.get('most', 0) as number, name: 'everything' },
      }),
  }),
  defineFigure({
    id: 'attributes',
    inputs: ['data/capacity-attributes.csv'],
    table: (inputs) =>
      from(
        atTrainedDepth(inputs.table('data/capacity-attributes.csv').objects() as Row[])
          .filter((r) => r.exposures === 1000)
          .map((r) => ({
            ...{
              model: r.model,
              attribute: `${r.attribute}${r.model === models.looped ? ', looped' : ''}`,
              seed: r.seed,
            },
            ...{ most: r.maxPerPerson, bits: r.bitsPerPerson },
          })),
      ),
    chart: (table) =>
      scatter(table, {
        id: 'attributes',
        title: 'What is known of a person after 1000 exposures',
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
