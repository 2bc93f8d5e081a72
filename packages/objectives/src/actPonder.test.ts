// The price of a loop, against a trace written by hand and through two halting strategies.
import { sut, universalTransformer } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { actPonder } from './actPonder.ts';
import { batch, trace, values } from './handMadeTrace.test-data.ts';
import { agreesWithFiniteDifferences, params, reached } from './smallModel.test-data.ts';

describe('actPonder', () => {
  it('adds tau times the sum of what the steps left to the last cross-entropy (float32, 1e-5)', async () => {
    const terms = [1.5, 0.25, 2].map((x) => ({ ponder: tf.scalar(x), other: tf.scalar(99) }));
    const v = await values(actPonder({ tau: 0.1 }), [trace(3, { terms })]);
    expect(v.ponder).toBeCloseTo(0.375, 6);
    expect(v.crossEntropy).toBeCloseTo((-Math.log(0.9) - 3 * Math.log(0.6)) / 4, 5);
    expect(v.total).toBeCloseTo((v.ponder ?? 0) + (v.crossEntropy ?? 0), 6);
  });

  it('says what a trace lacks', () => {
    expect(() => actPonder().terms([trace()], batch)).toThrow("needs the term 'ponder' and no step left it");
  });

  it.each([universalTransformer({ epsilon: 0.2 }), sut()])('reaches every parameter of $id', async (s) => {
    const p = params(s);
    expect(await reached(actPonder(), s)).toEqual(Object.keys(p).sort());
    const own = Object.keys(p).filter((n) => n.startsWith('strategy'));
    await agreesWithFiniteDifferences(actPonder({ tau: 0.5 }), s, p, [...own, 'model.norm.weight']);
  });
});
