// The rule of who sees whom, against the sentence it states.
import { MASKED, useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { viewBias } from './viewBias.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const seen = async (x: tf.Tensor): Promise<string[]> => {
  const rows = (await x.array()) as number[][];
  return rows.map((row) => row.map((v) => (v === 0 ? '1' : v === Math.fround(MASKED) ? '0' : '?')).join(''));
};

it('is the causal rule, once for every slot', async () => {
  expect(await seen(viewBias({ seq: 3, places: 0, slots: 1 }))).toEqual(['100', '110', '111']);
  expect(await seen(viewBias({ seq: 2, places: 2, slots: 2 }))).toEqual(['11101110', '11111111']);
});

it('counts the query itself in a window', async () => {
  expect(await seen(viewBias({ seq: 3, places: 0, slots: 1, window: 1 }))).toEqual(['100', '010', '001']);
  expect(await seen(viewBias({ seq: 2, places: 3, slots: 1, window: 2 }))).toEqual(['00110', '00011']);
});

it('measures windows from the offset where places are left over', async () => {
  // 4 places, 2 of them taken: the query stands at position 2
  const offset = tf.scalar(2);
  const [row] = await seen(viewBias({ seq: 1, places: 4, slots: 1, window: 2, offset }));
  expect(row?.slice(0, 2)).toBe('01'); // what it says of places 2 and 3 does not matter: nobody has taken them
  expect(row?.slice(4)).toBe('1');
  expect(await seen(viewBias({ seq: 1, places: 4, slots: 2, window: 4, offset }))).toEqual(['1111111111']);
});
