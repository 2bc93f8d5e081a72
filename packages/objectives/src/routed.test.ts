// What a router is charged for, against a trace written by hand and through both routings of mixture of recursions.
import { morExpert, morToken } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { batch, trace, values } from './handMadeTrace.test-data.ts';
import { routed } from './routed.ts';
import { agreesWithFiniteDifferences, params, reached } from './smallModel.test-data.ts';

describe('routed', () => {
  const crossEntropy = (-Math.log(0.9) - 3 * Math.log(0.6)) / 4;

  it('adds what the steps left, each kind with its weight (float32, 1e-5)', async () => {
    const terms = [1, 2, 4].map((x) => ({ auxiliary: tf.scalar(x), z: tf.scalar(10 * x), other: tf.scalar(99) }));
    const v = await values(routed({ auxiliary: 0.5, z: 0.01 }), [trace(3, { terms })]);
    expect(v.auxiliary).toBeCloseTo(3.5, 5);
    expect(v.z).toBeCloseTo(0.7, 5);
    expect(v.balance).toBeUndefined();
    expect(v.total).toBeCloseTo(crossEntropy + 4.2, 5);
  });

  it('takes the published weights', () => {
    expect(routed().options).toEqual({ auxiliary: 0.001, balance: 0.1, z: 1e-5 });
  });

  it('says what a trace lacks', () => {
    expect(() => routed().terms([trace()], batch)).toThrow('finds no term of a router in the trace');
  });

  it.each([morExpert(), morExpert({ standIn: 'auxiliaryRouter' }), morToken()])(
    'reaches every parameter of $id $options.standIn',
    async (s) => {
      expect(await reached(routed(), s)).toEqual(Object.keys(params(s)).sort());
    },
  );

  it('agrees with finite differences in morExpert', async () => {
    // With everybody chosen, since a choice that flips has no slope.
    const [alone, second] = [morExpert({ capacity: [1] }), morExpert({ capacity: [1], standIn: 'auxiliaryRouter' })];
    const own = Object.keys(params(alone)).filter((n) => n.startsWith('strategy'));
    await agreesWithFiniteDifferences(routed({ auxiliary: 0.3, z: 0.1 }), alone, params(alone), own);
    // The second router looks at states behind a wall, so only its own slope is the loss's.
    const judge = ['strategy.morExpert.standIn'];
    await agreesWithFiniteDifferences(routed({ auxiliary: 0.3 }), second, params(second), judge);
  });

  it('agrees with finite differences in morToken', async () => {
    const own = Object.keys(params(morToken())).filter((n) => n.startsWith('strategy'));
    await agreesWithFiniteDifferences(routed({ balance: 0.5, z: 0.1 }), morToken(), params(morToken()), own);
  });
});
