// What the README of the reachability study states.
import type { NumbersOf } from '../numbers.ts';

const final = { quantity: 'held-out accuracy', table: 'summary', value: 'accuracy' };
const pairs = [
  ['loops2', 'loops1'],
  ['loops4', 'loops2'],
  ['loops4', 'loops1'],
] as const;

const numbers: readonly NumbersOf[] = [
  { ...final, by: ['variant'] },
  { quantity: 'held-out loss', table: 'summary', by: ['variant'], value: 'loss' },
  { quantity: 'params', table: 'summary', by: ['variant'], value: 'params' },
  { quantity: 'accuracy by loop', table: 'loops', where: { last: true }, by: ['variant', 'loop'], value: 'accuracy' },
  { quantity: 'pairs found by the theorem', table: 'theorem', by: ['distance', 'loops'], value: 'found' },
  { ...final, by: [], compare: { between: 'variant', pairs } },
];
export default numbers;
