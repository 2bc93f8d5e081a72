// What the README of the multi-hop study states.
import type { NumbersOf } from '../numbers.ts';

const final = { quantity: 'held-out accuracy', table: 'summary', value: 'accuracy' };
const pairs = [100, 200, 400].flatMap((n) => [
  [`looped${n}`, `plain${n}`] as const,
  [`looped${n}`, `deep${n}`] as const,
]);

const numbers: readonly NumbersOf[] = [
  { ...final, by: ['variant'] },
  {
    quantity: 'accuracy after 500 updates',
    table: 'loops',
    where: { step: 500 },
    by: ['variant', 'loop'],
    value: 'accuracy',
  },
  { quantity: 'params', table: 'summary', by: ['variant'], value: 'params' },
  {
    ...{ quantity: 'updates until the accuracy is 0.35', table: 'loops', by: ['variant', 'loop'], value: 'accuracy' },
    reaches: 0.35,
  },
  { ...final, by: [], compare: { between: 'variant', pairs } },
];
export default numbers;
