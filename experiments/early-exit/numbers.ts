// What the README of the early-exit study states.
import type { NumbersOf } from '../numbers.ts';

const area = { quantity: 'area under the front of accuracy by loops', table: 'earlyExit-area', value: 'areaByLoops' };
const calibration = { table: 'earlyExit-calibration', value: 'error', by: ['loop'] };
const stages = { between: 'variant', pairs: [['stageII', 'stageI']] } as const;
const rules = {
  between: 'rule',
  pairs: ['fixedDepth', 'kl', 'residual'].map((b) => ['qExit', b] as const),
};

const numbers: readonly NumbersOf[] = [
  { ...area, by: ['variant', 'rule'] },
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
  { ...area, where: { variant: 'stageII' }, by: [], compare: rules },
  {
    ...{ quantity: 'calibration error of the gate', ...calibration, where: { source: 'gate', event: 'no gain' } },
    ...{ compare: stages },
  },
];
export default numbers;
