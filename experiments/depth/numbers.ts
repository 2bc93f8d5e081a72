// What the README of the depth study states.
import type { NumbersOf } from '../numbers.ts';

const loops = { table: 'depth-loops', value: 'accuracy' };
const needed = { table: 'depth-depthByDifficulty', by: ['steps'] };

const numbers: readonly NumbersOf[] = [
  { quantity: 'accuracy', ...loops, by: ['loop'] },
  { quantity: 'loss', table: 'depth-loops', by: ['loop'], value: 'loss' },
  { quantity: 'exit probability', table: 'depth-exits', by: ['loop'], value: 'probability' },
  { quantity: 'first loop that is right', ...needed, value: 'firstRight' },
  { quantity: 'loops the gate spends', ...needed, value: 'expectedLoops' },
  { quantity: 'rank correlation with word length', table: 'depth-correlation', by: ['measure'], value: 'rho' },
  ...[4, 16].map((steps) => ({
    quantity: 'accuracy by word length',
    table: 'depth-difficulty',
    where: { steps },
    by: ['loop'],
    value: 'accuracy',
  })),
  ...[2, 3, 4].map((loop) => ({
    quantity: 'gain over the first loop by word length',
    table: 'depth-difficulty',
    where: { loop },
    by: ['steps'],
    value: 'gain',
  })),
  {
    ...{ quantity: 'relative gain over the first loop by word length', table: 'depth-difficulty' },
    ...{ where: { loop: 4 }, by: ['steps'], value: 'relativeGain' },
  },
  { quantity: 'share of the variance of the states', table: 'geometry-variance', by: ['component'], value: 'share' },
  ...['norm', 'relative step', 'cosine'].map((quantity) => ({
    quantity: `${quantity} of the state`,
    table: 'geometry-movement',
    where: { quantity },
    by: ['loop'],
    value: 'value',
  })),
  {
    quantity: 'accuracy',
    ...loops,
    by: [],
    compare: { between: 'loop', pairs: [2, 3, 4, 5, 6, 7, 8].map((loop) => [loop, loop - 1] as const) },
  },
];
export default numbers;
