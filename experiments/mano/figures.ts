// Learning curves of looped and plain models on Mano, and their accuracy against what training them cost.
import { defineFigure, type FigureInputs, lineChart } from '@looplab/figures';
import { from } from 'arquero';

const names: Readonly<Record<string, string>> = {
  plain4: '4 layers',
  loopLM1x4: '1 layer × 4, LoopLM',
  looped1x4: '1 layer × 4',
  plain1: '1 layer',
};

type Row = Readonly<Record<string, number | string>>;

/** Accuracy after the last loop at every evaluation. */
function lastLoops(inputs: FigureInputs) {
  return (inputs.table('data/loops.csv').objects() as Row[]) // as looplab analyze writes it
    .filter((r) => r.loop === r.loops)
    .map(({ variant, seed, step, accuracy }) => ({
      ...{ variant: String(variant), series: names[String(variant)], seed, step: Number(step), accuracy },
    }));
}

export default [
  defineFigure({
    id: 'learning-curves',
    inputs: ['data/loops.csv'],
    table: (inputs) => from(lastLoops(inputs).map(({ variant: _, ...row }) => row)),
    chart: (table) =>
      lineChart(table, {
        id: 'learning-curves',
        title: 'Mano: accuracy over training',
        caption: 'Answers to held-out expressions of three operations modulo 5, read after the last loop',
        x: { field: 'step', title: 'Updates of 256 expressions', scale: 'continuous' },
        y: { field: 'accuracy', title: 'Held-out accuracy', share: true },
        series: 'series',
        order: Object.values(names),
        reference: { at: 0.2, name: 'guessing' },
      }),
  }),
  defineFigure({
    id: 'accuracy-by-flops',
    inputs: ['data/loops.csv', 'summary.json'],
    table: (inputs) => {
      const { runs } = inputs.json('summary.json') as { runs: Row[] }; // as looplab run writes it
      const steps = Math.max(...lastLoops(inputs).map((r) => r.step));
      const perStep = (variant: string): number => Number(runs.find((r) => r.variant === variant)?.flops) / steps;
      return from(lastLoops(inputs).map(({ variant, ...row }) => ({ ...row, flops: row.step * perStep(variant) })));
    },
    chart: (table) =>
      lineChart(table, {
        id: 'accuracy-by-flops',
        title: 'Mano: accuracy against the FLOPs of training',
        caption: 'The same curves against counted FLOPs; one layer looped four times costs what four layers cost',
        x: { field: 'flops', title: 'FLOPs of training', scale: 'continuous' },
        y: { field: 'accuracy', title: 'Held-out accuracy', share: true },
        series: 'series',
        order: Object.values(names),
        reference: { at: 0.2, name: 'guessing' },
      }),
  }),
];
