// What the README of the reachability study states.
import type { NumbersOf } from '../numbers.ts';

const numbers: readonly NumbersOf[] = [
  { quantity: 'pairs found by the theorem', table: 'theorem', by: ['distance', 'loops'], value: 'found' },
];
export default numbers;
