// Noise by row and position.
import { useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { modelConfig } from '../model/config.ts';
import { key } from '../rng/random.ts';
import { drawNoise } from './noise.ts';
import type { NoiseSpec } from './strategy.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const config = modelConfig({ vocab: 4, dModel: 4, heads: 2, layers: 1 });
const specs: NoiseSpec[] = [
  { name: 'h0', per: 'token', shape: [3], law: 'normal' },
  { name: 'start', per: 'row', shape: [2, 2], law: 'uniform' },
  { name: 'direction', per: 'batch', shape: [5], law: 'normal' },
];
const draw = (at: { batch: number; seq: number; offset?: number }) =>
  drawNoise(config, { noise: () => specs }, { loops: 1, ...at }, key(3));

it('has the shapes that were asked for', () => {
  const shapes = Object.entries(draw({ batch: 2, seq: 4 })).map(([n, x]) => [n, x.shape]);
  expect(shapes).toEqual([
    ['h0', [2, 4, 3]],
    ['start', [2, 1, 2, 2]],
    ['direction', [5]],
  ]);
});

it('gives a token the same draw in any batch, in any piece, and others to its neighbours', async () => {
  const whole = await draw({ batch: 3, seq: 5 }).h0?.array();
  const part = draw({ batch: 2, seq: 2, offset: 3 }).h0 as tf.Tensor; // declared above
  expect(await part.array()).toEqual(await tf.slice(tf.tensor(whole as never), [0, 3], [2, 2]).array());
  const flat = (whole as number[][][]).flat(2);
  expect(new Set(flat).size).toBe(flat.length);
});

it('is empty for strategies without noise', () => {
  expect(drawNoise(config, {}, { batch: 1, seq: 1, loops: 1 }, key(0))).toEqual({});
});
