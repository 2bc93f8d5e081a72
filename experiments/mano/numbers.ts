// What the README of the Mano study states.
import type { NumbersOf } from '../numbers.ts';

const final = { quantity: 'held-out accuracy', table: 'summary', value: 'accuracy' };
const pairs = [
  ['looped1x4', 'plain1'],
  ['loopLM1x4', 'plain1'],
  ['plain4', 'looped1x4'],
  ['loopLM1x4', 'looped1x4'],
] as const;

const numbers: readonly NumbersOf[] = [
  { ...final, by: ['variant'] },
  ...['params', 'flops'].map((value) => ({ quantity: value, table: 'summary', by: ['variant'], value })),
  { quantity: 'accuracy by loop', table: 'loops', where: { last: true }, by: ['variant', 'loop'], value: 'accuracy' },
  { quantity: 'held-out loss', table: 'summary', by: ['variant'], value: 'loss' },
  {
    ...{ quantity: 'updates until the accuracy is 0.45', table: 'loops', by: ['variant', 'loop'], value: 'accuracy' },
    reaches: 0.45,
  },
  { ...final, by: [], compare: { between: 'variant', pairs } },
];
export default numbers;
