// What the README of the study of KV sharing states.
import type { NumbersOf } from '../numbers.ts';

const policies = { table: 'kvSharing-policies', by: ['phase', 'policy'] };

const numbers: readonly NumbersOf[] = [
  { quantity: 'accuracy', ...policies, value: 'accuracy' },
  { quantity: 'loss', ...policies, value: 'loss' },
  { quantity: 'same answers', ...policies, value: 'same' },
  { quantity: 'share of the bytes', ...policies, value: 'share' },
  {
    ...{
      quantity: 'accuracy of decoding',
      table: 'kvSharing-policies',
      value: 'accuracy',
      where: { phase: 'decode' },
      by: [],
    },
    compare: {
      between: 'policy',
      pairs: ['keepLast', 'keepMean', 'keepFirst', 'sharedFirst', 'upToDepth'].map((a) => [a, 'perLoop'] as const),
    },
  },
];
export default numbers;
