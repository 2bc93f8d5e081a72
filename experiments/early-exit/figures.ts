// Accuracy against loops spent, rule by rule and gate by gate, and whether the gates mean what they say.
import { defineFigure, lineChart, reliability } from '@looplab/figures';
import { from } from 'arquero';
import { exitPoints } from '../exitPoints.ts';

const axes = {
  x: { field: 'loops', title: 'Mean loops of an answer', scale: 'continuous' as const },
  y: { field: 'accuracy', title: 'Held-out accuracy', share: true, domain: [0.25, 0.65] as const },
  series: 'series',
};

/** The rules beside the same depth for all; those that do not read the gate are the same in both stages. */
const panels: readonly { readonly title: string; readonly rules: Readonly<Record<string, string>> }[] = [
  { title: 'Quantile of the gate', rules: { 'qExit stageII': 'gate, Stage II', 'qExit stageI': 'gate, Stage I' } },
  { title: 'Toss of the gate', rules: { 'bernoulli stageII': 'gate, Stage II', 'bernoulli stageI': 'gate, Stage I' } },
  { title: 'KL of predictions', rules: { 'kl stageII': 'a rule without a gate' } },
  { title: 'KL of likely tokens', rules: { 'minPKl stageII': 'a rule without a gate' } },
  { title: 'Change of entropy', rules: { 'entropyChange stageII': 'a rule without a gate' } },
  { title: 'Answer unchanged', rules: { 'argmaxStable stageII': 'a rule without a gate' } },
  { title: 'Residual of the state', rules: { 'residual stageII': 'a rule without a gate' } },
  { title: 'Relative change of state', rules: { 'latentChange stageII': 'a rule without a gate' } },
  { title: 'Angle between states', rules: { 'cosine stageII': 'a rule without a gate' } },
];

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
    table: (inputs) => {
      const points = inputs.table('data/earlyExit-points.csv');
      return from(
        panels.flatMap(({ title, rules }) =>
          exitPoints(points, { ...rules, 'fixedDepth stageII': 'same depth for all' }, 'flops')
            .objects()
            .map((row) => ({ rule: title, ...row })),
        ),
      );
    },
    chart: (table) =>
      lineChart(table, {
        ...{ id: 'rules', title: 'Accuracy against counted FLOPs, exit rule by exit rule', series: 'series' },
        caption:
          'Each rule at its thresholds, those of the gate before (Stage I) and after (Stage II) the second stage; each point at the mean over seeds of the counted FLOPs of a row of 16 answers, skipped loops left out',
        x: { field: 'flops', title: 'FLOPs of a row', scale: 'continuous' },
        y: { field: 'accuracy', title: 'Held-out accuracy', share: true, domain: [0.2, 0.7] },
        order: ['gate, Stage II', 'gate, Stage I', 'same depth for all', 'a rule without a gate'],
        facet: { field: 'rule', title: '' },
        carried: false,
      }),
    height: 460,
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
