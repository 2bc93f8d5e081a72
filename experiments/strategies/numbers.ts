// What the README of the strategies study states: means, and every recurrence against the plain model and against plain loops.
import { strategies } from '@looplab/core';
import type { NumbersOf } from '../numbers.ts';

const baselines = ['plain', 'fixedLoops'];
const pairs = baselines.flatMap((b) =>
  strategies.filter(({ id }) => !baselines.includes(id) && id !== 'coconut').map(({ id }) => [id, b] as const),
);
const accuracy = { quantity: 'held-out accuracy', table: 'strategies', value: 'accuracy' };

const numbers: readonly NumbersOf[] = ['words over S3', 'Mano'].flatMap((task) => [
  { ...accuracy, where: { task }, by: ['strategy'] },
  {
    ...accuracy,
    where: { task },
    by: [],
    compare: { between: 'strategy', pairs: [...pairs, ['fixedLoops', 'plain'] as const] },
  },
]);
export default numbers;
