// What the README of the prior ablation states.
import type { NumbersOf } from '../numbers.ts';

const pairs = (['geometric02', 'geometric05', 'geometric08'] as const).map((b) => ['uniform', b] as const);
const measures = ['accuracy', 'loss', 'expectedLoops'].map((value) => ({
  quantity: value === 'expectedLoops' ? 'expected loops' : `held-out ${value}`,
  table: 'summary',
  value,
}));
const area = { quantity: 'area under the front of the gate', table: 'earlyExit-area', where: { rule: 'qExit' } };

const numbers: readonly NumbersOf[] = [
  ...measures.map((m) => ({ ...m, by: ['variant'] })),
  { quantity: 'accuracy by loop', table: 'loops', where: { last: true }, by: ['variant', 'loop'], value: 'accuracy' },
  { quantity: 'exit probability', table: 'loops', where: { last: true }, by: ['variant', 'loop'], value: 'exit' },
  { ...area, by: ['variant'], value: 'areaByLoops' },
  ...measures.map((m) => ({ ...m, by: [], compare: { between: 'variant', pairs } })),
  { ...area, by: [], value: 'areaByLoops', compare: { between: 'variant', pairs } },
];
export default numbers;
