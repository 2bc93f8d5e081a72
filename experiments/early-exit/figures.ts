// Accuracy against loops spent, rule by rule and gate by gate, and whether the gates mean what they say.
import { defineFigure, lineChart, reliability } from '@looplab/figures';
import { exitPoints } from '../exitPoints.ts';

const axes = {
  x: { field: 'loops', title: 'Mean loops of an answer', scale: 'continuous' as const },
  y: { field: 'accuracy', title: 'Held-out accuracy', share: true, domain: [0.25, 0.65] as const },
  series: 'series',
};

export default [
  defineFigure({
    id: 'gates',
    inputs: ['data/earlyExit-points.csv'],
    table: (inputs) =>
      exitPoints(inputs.table('data/earlyExit-points.csv'), {
        'qExit stageI': 'gate, Stage I',
        'qExit stageII': 'gate, Stage II',
        'fixedDepth stageI': 'same depth for all',
      }),
    chart: (table) =>
      lineChart(table, {
        ...{ id: 'gates', title: 'Accuracy against loops spent, before and after the second stage', ...axes },
        caption:
          'The exit rule of the paper at nine thresholds, against the same depth for all tokens; each point at the mean loops over seeds',
      }),
  }),
  defineFigure({
    id: 'rules',
    inputs: ['data/earlyExit-points.csv'],
    table: (inputs) =>
      exitPoints(inputs.table('data/earlyExit-points.csv'), {
        'qExit stageII': 'gate, Stage II',
        'kl stageI': 'KL of predictions',
        'residual stageI': 'change of state',
        'entropyChange stageI': 'change of entropy',
        'fixedDepth stageI': 'same depth for all',
      }),
    chart: (table) =>
      lineChart(table, {
        ...{ id: 'rules', title: 'Exit rules against each other', ...axes },
        caption: 'Each rule at its thresholds, at the mean loops over seeds',
      }),
  }),
  defineFigure({
    id: 'gate-reliability',
    inputs: ['data/earlyExit-reliability.csv'],
    table: (inputs) =>
      inputs
        .table('data/earlyExit-reliability.csv')
        .filter(
          (d: { source: string; event: string; loop: number; tokens: number }) =>
            d.source === 'gate' && d.event === 'no gain' && d.loop === 2 && d.tokens >= 50,
        )
        .derive({ stage: (d: { variant: string }) => (d.variant === 'stageI' ? 'Stage I' : 'Stage II') }),
    chart: (table) =>
      reliability(table, {
        id: 'gate-reliability',
        title: 'Does the gate mean what it says?',
        caption:
          'Probability of stopping after loop 2, in ten bins, against how often the third loop lowers the loss by at most 0.005 nats; bins of at least 50 tokens',
        bin: 'from',
        predicted: { field: 'predicted', title: 'Probability of the gate' },
        observed: { field: 'happened', title: 'Tokens without gain' },
        count: 'tokens',
        series: 'stage',
      }),
    width: 300,
    height: 260,
  }),
];
