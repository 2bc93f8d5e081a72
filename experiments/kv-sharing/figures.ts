// What is left of a model's answers under each way to share keys and values between loops.
import { defineFigure, dots } from '@looplab/figures';
import { from } from 'arquero';

type Row = Readonly<Record<string, number | string>>;

const phases: Readonly<Record<string, string>> = {
  every: 'after a prompt, all slots kept',
  one: 'after a prompt, one slot kept',
  decode: 'token by token',
  prefill: 'whole word at once',
};
/** Where a row is shown: a policy that keeps every slot anyway beside those that keep all of a prompt, too. */
function panels({ phase, prompt, share }: Row): string[] {
  if (phase !== 'afterPrompt') return [String(phase)];
  if (prompt) return [String(prompt)];
  return share === 1 ? ['one', 'every'] : ['one'];
}

const order = Object.values(phases);

export default [
  defineFigure({
    id: 'policies',
    inputs: ['data/kvSharing-policies.csv'],
    table: (inputs) =>
      from(
        (inputs.table('data/kvSharing-policies.csv').objects() as Row[])
          .filter((r) => r.policy !== 'ring' && r.policy !== 'selective') // the same here as keepLast and perLoop
          .flatMap((row) =>
            panels(row).map((panel) => ({
              policy: `${row.policy}, ${row.share === 1 ? 'all' : 'a quarter'} of the bytes`,
              phase: phases[panel],
              seed: row.seed,
              accuracy: row.accuracy,
            })),
          )
          .sort((x, y) => order.indexOf(x.phase ?? '') - order.indexOf(y.phase ?? '')),
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
