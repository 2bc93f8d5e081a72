// What is left of a model's answers under each way to share keys and values between loops.
import { defineFigure, dots } from '@looplab/figures';
import { from } from 'arquero';

type Row = Readonly<Record<string, number | string>>;

export default [
  defineFigure({
    id: 'policies',
    inputs: ['data/kvSharing-policies.csv'],
    table: (inputs) =>
      from(
        (inputs.table('data/kvSharing-policies.csv').objects() as Row[])
          .filter((r) => r.policy !== 'ring' && r.policy !== 'selective') // the same here as keepLast and perLoop
          .map(({ policy, phase, seed, share, accuracy }) => ({
            policy: `${policy}, ${share === 1 ? 'all' : 'a quarter'} of the bytes`,
            phase: phase === 'decode' ? 'decoding, token by token' : 'reading a prompt at once',
            seed,
            accuracy,
          }))
          .sort((a, b) => (a.phase < b.phase ? -1 : a.phase > b.phase ? 1 : 0)),
      ),
    chart: (table) =>
      dots(table, {
        id: 'policies',
        title: 'What sharing keys and values between loops leaves of the answers',
        caption:
          'Teacher-forced answers of models that were trained with one slot a loop, other policies put on afterwards',
        name: 'policy',
        value: { field: 'accuracy', title: 'Held-out accuracy', share: true },
        facet: { field: 'phase', title: 'Phase' },
        references: [{ at: 1 / 6, name: 'guessing' }],
      }),
  }),
];
