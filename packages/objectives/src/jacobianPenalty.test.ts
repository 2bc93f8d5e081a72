// The Jacobian penalty of a trace written by hand, and its gradient through a deep equilibrium model.
import { deq, loopLM } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { batch, mean, trace, values } from './handMadeTrace.test-data.ts';
import { jacobianPenalty } from './jacobianPenalty.ts';
import { assertFits } from './registry.ts';
import { agreesWithFiniteDifferences, params, reached } from './smallModel.test-data.ts';

const jacobian = tf.tensor2d([2, 6], [1, 2]);

describe('jacobianPenalty', () => {
  it('adds the mean over tokens to the last cross-entropy', async () => {
    const v = await values(jacobianPenalty({ gamma: 0.1 }), [trace(3, { jacobian })]);
    expect(v.crossEntropy).toBeCloseTo(
      mean((i) => -Math.log([0.9, 0.6][i] as number)),
      5,
    );
    expect(v.jacobian).toBeCloseTo(0.1 * 4, 6); // all tokens alike, whatever they weigh in the loss
  });

  it('leaves padding out', async () => {
    const terms = jacobianPenalty({ gamma: 1 }).terms([trace(3, { jacobian })], {
      ...batch,
      keyMask: tf.tensor2d([0, 1], [1, 2]),
    });
    expect((await terms.jacobian?.data())?.[0]).toBeCloseTo(6, 6);
  });

  it('needs the measurement', () => {
    expect(() => assertFits(jacobianPenalty(), loopLM())).toThrow(
      'needs jacobian, which strategy loopLM does not give',
    );
    expect(() => jacobianPenalty().terms([trace()], batch)).toThrow(
      "use a strategy that gives 'jacobian', such as deq",
    );
  });

  it('reaches every parameter of a deep equilibrium model, by each estimator', async () => {
    for (const gradient of ['implicit', 'phantom'] as const) {
      const s = deq({ gradient, phantomSteps: 2, backward: 5 });
      expect(await reached(jacobianPenalty(), s as never), gradient).toEqual(Object.keys(params(s as never)).sort());
    }
  });

  it('agrees with finite differences through all steps', async () => {
    const s = deq({ gradient: 'bptt', solver: 'unroll' });
    // a difference of differences: the penalty alone would drown in float32 noise, so it weighs little
    await agreesWithFiniteDifferences(jacobianPenalty({ gamma: 0.02 }), s as never, params(s as never), [
      'model.layers.0.self_attn.v_proj.weight',
      'model.norm.weight',
    ]);
  });
});
