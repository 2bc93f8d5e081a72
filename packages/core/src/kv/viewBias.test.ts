// The rule of who sees whom, against the sentence it states.
import { MASKED, useDevice } from '@looplab/engine';
import type * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { viewBias } from './viewBias.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const seen = async (x: tf.Tensor): Promise<string[]> => {
  const rows = (await x.array()) as number[][];
  return rows.map((row) => row.map((v) => (v === 0 ? '1' : v === Math.fround(MASKED) ? '0' : '?')).join(''));
};

it('is the causal rule, once for every slot', async () => {
  expect(await seen(viewBias({ seq: 3, slots: 1 }))).toEqual(['100', '110', '111']);
  expect(await seen(viewBias({ seq: 2, slots: 2 }))).toEqual(['1010', '1111']);
});

it('counts the query itself in a window', async () => {
  expect(await seen(viewBias({ seq: 3, slots: 1, window: 1 }))).toEqual(['100', '010', '001']);
  expect(await seen(viewBias({ seq: 3, slots: 2, window: 2 }))).toEqual(['100100', '110110', '011011']);
});
