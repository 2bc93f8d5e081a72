// What the README of the study of KV sharing states.
import type { NumbersOf } from '../numbers.ts';

const policies = { table: 'kvSharing-policies', by: ['phase', 'prompt', 'policy'] };

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
  {
    ...{ quantity: 'accuracy after a prompt', table: 'kvSharing-policies', value: 'accuracy', by: ['policy'] },
    where: { phase: 'afterPrompt' },
    compare: {
      between: 'prompt',
      pairs: [['every', 'one']],
    },
  },
  ...['keepLast', 'keepMean', 'keepFirst'].map((kept) => ({
    ...{ quantity: 'accuracy after a prompt', table: 'kvSharing-policies', value: 'accuracy', by: [] },
    where: { phase: 'afterPrompt' },
    compare: { between: ['policy', 'prompt'], pairs: [[`${kept} every`, 'perLoop '] as const] },
  })),
];
export default numbers;
