// Which parameters a stage moves.
import { expect, it } from 'vitest';
import { isTrainable } from './stage.ts';

it('matches names by patterns in which * stands for anything and nothing else is special', () => {
  expect(isTrainable({ trainable: 'all' }, 'x')).toBe(true);
  const gate = { trainable: ['model.early_exit_gate.*', 'strategy.*.gate'] };
  expect(isTrainable(gate, 'model.early_exit_gate.bias')).toBe(true);
  expect(isTrainable(gate, 'strategy.act.gate')).toBe(true);
  expect(isTrainable(gate, 'model.early_exit_gates')).toBe(false);
  expect(isTrainable(gate, 'modelXearly_exit_gate.bias')).toBe(false);
  expect(isTrainable({ trainable: [] }, 'x')).toBe(false);
});
