// The losses of each cell over seeds, and what more loops change for the shortest and the longest training.
import type { NumbersOf } from '../numbers.ts';

const loss = { quantity: 'loss', table: 'scaling-runs', value: 'loss' } as const;

export default [
  { ...loss, by: ['N', 'D', 'T'] },
  ...[256_000, 2_048_000].map((D): NumbersOf => {
    const pairs = [2, 4, 8].map((T) => [T, 1] as const);
    return { ...loss, where: { D }, by: ['N'], compare: { between: 'T', pairs } };
  }),
] satisfies NumbersOf[];
