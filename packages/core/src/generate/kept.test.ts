// What is kept of a finished token, worked out by hand.
import { expect, it } from 'vitest';
import { Kept } from './kept.ts';

const written = (value: number, ...has: number[]) => ({
  layers: [{ k: new Float32Array(has.length).fill(value), v: new Float32Array(has.length).fill(10 * value) }],
  has: Float32Array.from(has),
});

it.each([
  ['first', [1, 1], [10, 10], [1, 0]],
  ['last', [7, 7], [70, 70], [1, 1]],
  // the first token wrote 1, 4 and 7, the second 7 alone
  ['mean', [4, 7], [40, 70], [1, 1]],
] as const)('%s, of the loops in which a token wrote', (rule, k, v, has) => {
  const kept = new Kept(rule);
  for (const loop of [written(1, 1, 0), written(4, 1, 0), written(7, 1, 1)]) kept.add(loop);
  const { layers = [], has: seen } = kept.result ?? {};
  expect([...(layers[0]?.k ?? [])]).toEqual(k);
  expect([...(layers[0]?.v ?? [])]).toEqual(v);
  expect([...(seen ?? [])]).toEqual(has);
});

it('keeps nothing where nothing was written', () => {
  expect(new Kept('mean').result).toBeUndefined();
});
