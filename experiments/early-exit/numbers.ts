// What the README of the early-exit study states.
import type { NumbersOf } from '../numbers.ts';

/** The same in both stages, but that seed 0 of Stage I has other thresholds of argmaxStable: the rows of Stage II count. */
const noGate = ['kl', 'minPKl', 'entropyChange', 'argmaxStable', 'residual', 'latentChange', 'cosine'];
const area = { quantity: 'area under the front of accuracy by loops', table: 'earlyExit-area', value: 'areaByLoops' };
const byFlops = {
  quantity: 'area under the front of accuracy by FLOPs',
  table: 'earlyExit-area',
  value: 'areaByFlops',
};
const calibration = { table: 'earlyExit-calibration', value: 'error', by: ['loop'] };
const stages = { between: 'variant', pairs: [['stageII', 'stageI']] } as const;
const against = (rules: readonly string[], other: string) => ({
  between: 'rule',
  pairs: rules.map((rule) => [rule, other] as const),
});

const numbers: readonly NumbersOf[] = [
  { ...area, by: ['variant', 'rule'] },
  { ...byFlops, by: ['variant', 'rule'] },
  {
    ...{ quantity: 'accuracy at a fixed depth', table: 'earlyExit-points', value: 'accuracy' },
    ...{ where: { rule: 'fixedDepth' }, by: ['variant', 'threshold'] },
  },
  ...['loops', 'accuracy', 'share'].map((value) => ({
    ...{
      quantity: `${value === 'share' ? 'share of the FLOPs' : value} of the gate`,
      table: 'earlyExit-points',
      value,
    },
    ...{ where: { rule: 'qExit' }, by: ['variant', 'threshold'] },
  })),
  ...['settled', 'no gain'].map((event) => ({
    ...{ quantity: 'calibration error of the gate', ...calibration },
    ...{ where: { source: 'gate', event }, by: ['variant', 'loop'] },
  })),
  { quantity: 'expected loops', table: 'summary', by: ['variant'], value: 'expectedLoops' },
  { ...area, where: { rule: 'qExit' }, by: [], compare: stages },
  { ...area, where: { variant: 'stageII' }, by: [], compare: against(['qExit'], 'kl') },
  { ...area, where: { variant: 'stageII' }, by: [], compare: against(['qExit'], 'residual') },
  {
    ...{ quantity: 'calibration error of the gate', ...calibration, where: { source: 'gate', event: 'no gain' } },
    ...{ compare: stages },
  },
  { ...byFlops, where: { variant: 'stageI' }, by: [], compare: against(['qExit', 'bernoulli'], 'fixedDepth') },
  {
    ...{ ...byFlops, where: { variant: 'stageII' }, by: [] },
    ...{ compare: against(['qExit', 'bernoulli', ...noGate], 'fixedDepth') },
  },
];
export default numbers;
