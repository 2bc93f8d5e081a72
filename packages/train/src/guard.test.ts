// What counts as divergence and what does not.
import { expect, test } from 'vitest';
import { DivergedError } from './errors.ts';
import { checkUpdate, type GuardState, guardStart } from './guard.ts';

const options = { factor: 3, patience: 5 };
const run = (losses: number[], from: GuardState = guardStart): GuardState =>
  losses.reduce((s, loss, i) => checkUpdate(s, { step: i + 1, loss, gradNorm: 1 }, options), from);

test('a loss or gradient that is not finite stops the run and names the step and the cure', () => {
  expect(() => run([1, Number.NaN])).toThrow(DivergedError);
  expect(() => run([1, Number.NaN])).toThrow(/the loss is NaN at step 2; lower train.lr/);
  expect(() => checkUpdate(guardStart, { step: 7, loss: 1, gradNorm: Infinity }, options)).toThrow(
    /gradient norm is Infinity at step 7/,
  );
});

test('says whether the state or a term of the objective is at fault', () => {
  const named = { ...options, strategy: 'mine', objective: 'lastLoop' };
  const bad = { loss: Number.NaN, gradNorm: 1, terms: { crossEntropy: Number.NaN } };
  expect(() => checkUpdate(guardStart, { ...bad, step: 1, states: { z: 1, h: Number.NaN } }, named)).toThrow(
    /^the loss is NaN at step 1 \(strategy mine: the leaf 'h' of its last state holds a value that is not finite, in the first update: check init\(\) and step\(\)\); lower/,
  );
  expect(() => checkUpdate(guardStart, { ...bad, step: 2, states: { h: 0 } }, named)).toThrow(
    /^the loss is NaN at step 2 \(objective lastLoop: its term 'crossEntropy' is NaN\); lower/,
  );
});

test('a falling loss and short spikes pass', () => {
  run(Array.from({ length: 200 }, (_, i) => 4 * 0.98 ** i));
  run([2, 2, 50, 50, 50, 50, 2, 50, 50, 2]);
  run([-0.1, -0.2, -0.05, 0.01, -0.1]);
  run([4, ...Array.from({ length: 1000 }, () => 0.0004), ...Array.from({ length: 9 }, () => 0.004)]); // known by heart
});

test('a loss that stays far above its mean stops the run', () => {
  expect(() => run([2, 2, 2, ...Array.from({ length: 5 }, () => 9)])).toThrow(/above 3 times its running mean/);
});

test('factor 0 checks only for finiteness', () => {
  const off = { factor: 0, patience: 1 };
  expect(checkUpdate({ mean: 1, above: 0 }, { step: 1, loss: 1e9, gradNorm: 1 }, off)).toEqual({ mean: 1, above: 0 });
});

test('the state is all there is to know: split and whole runs agree', () => {
  const losses = [3, 2.5, 2, 9, 1.5, 1];
  expect(run(losses.slice(3), run(losses.slice(0, 3)))).toEqual(run(losses));
});
