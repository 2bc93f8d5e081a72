// Held-out loss and leaving of each loop over seeds, and what each loop changes, in nats a byte.
import type { NumbersOf } from '../numbers.ts';

const last = { table: 'loops', where: { last: true } } as const;

export default [
  { quantity: 'loss', ...last, by: ['loop'], value: 'loss' },
  { quantity: 'exit probability', ...last, by: ['loop'], value: 'exit' },
  {
    quantity: 'loss',
    ...last,
    by: [],
    value: 'loss',
    compare: { between: 'loop', pairs: [2, 3, 4].map((loop) => [loop, loop - 1] as const) },
  },
] satisfies NumbersOf[];
