// Walls: the same value forward, nothing backward, and values that can be held fixed.
import { grad, useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { type Cuts, holdingCuts, stopGradient } from './stopGradient.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const f = (x: tf.Tensor): tf.Tensor => tf.mul(x, stopGradient(tf.square(x))); // x * wall(x^2)

it('lets the value through and the gradient not', async () => {
  expect((await f(tf.scalar(3)).data())[0]).toBe(27);
  expect((await grad(f)(tf.scalar(3)).data())[0]).toBe(9); // 3 x^2 would be 27
});

it('holds what is behind it, so that differences agree with the gradient', async () => {
  const cuts: Cuts = [];
  const at = async (x: number) => (await holdingCuts(cuts, () => f(tf.scalar(x))).data())[0] ?? Number.NaN;
  expect(await at(3)).toBe(27);
  expect(cuts).toHaveLength(1);
  expect(((await at(3.5)) - (await at(2.5))) / 1).toBeCloseTo(9, 5);
  expect((await f(tf.scalar(2)).data())[0]).toBe(8); // and no longer
});

it('says when a computation meets other walls', () => {
  const cuts: Cuts = [];
  holdingCuts(cuts, () => f(tf.scalar(3)));
  expect(() => holdingCuts(cuts, () => f(tf.ones([2])))).toThrow('wall 0 was met with [] before and with [2] now');
});
