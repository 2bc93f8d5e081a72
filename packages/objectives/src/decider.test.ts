// The decider's loss against a trace written by hand, and what it moves.
import { loopLM, thinkAtHard } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { decider } from './decider.ts';
import { at, batch, halting, sigmoid, trace, values } from './handMadeTrace.test-data.ts';
import { agreesWithFiniteDifferences, params, reached } from './smallModel.test-data.ts';

/** Of "go on", the complement of stopping. */
const bce = (t: number, i: number, hard: boolean, positiveWeight: number): number => {
  const goOn = 1 - sigmoid(at(halting, t, i));
  return hard ? -positiveWeight * Math.log(goOn) : -Math.log(1 - goOn);
};

describe('decider (float32, 1e-5)', () => {
  // The right symbol has probability 0.5, 0.8 (token 0) and 0.2, 0.2 (token 1) after loops 0 and 1. A tie goes to the first.
  it('asks to go on while the prediction is wrong, hard tokens weighing more', async () => {
    const want = [0, 1].map((t) => (1 * bce(t, 0, false, 3) + 3 * bce(t, 1, true, 3)) / 4);
    expect((await values(decider({ positiveWeight: 3 }))).decider).toBeCloseTo((want[0] ?? 0) + (want[1] ?? 0), 5);
  });

  it('judges in a loop only the tokens that computed it', async () => {
    const active = [undefined, tf.tensor2d([1, 0], [1, 2]), undefined];
    const v = await values(decider({ positiveWeight: 3 }), [trace(3, { active })]);
    const first = (1 * bce(0, 0, false, 3) + 3 * bce(0, 1, true, 3)) / 4;
    expect(v.decider).toBeCloseTo(first + bce(1, 0, false, 3), 5);
  });

  it('looks at the step that ends a loop where there are inner ones', async () => {
    const steps = [true, false, true, false, true, false].map((inner, t) => ({
      ...{ core: 'core', t, grad: true },
      ...(inner ? { inner } : {}),
    }));
    const none = tf.zeros([1, 2]);
    const active = [none, tf.tensor2d([1, 0], [1, 2]), none, undefined, none, undefined];
    const v = await values(decider({ positiveWeight: 3 }), [
      trace(3, { plan: { steps: steps as { core: string; t: number; grad: boolean; inner?: true }[] }, active }),
    ]);
    const second = (1 * bce(1, 0, false, 3) + 3 * bce(1, 1, true, 3)) / 4;
    expect(v.decider).toBeCloseTo(bce(0, 0, false, 3) + second, 5);
  });

  it("follows the batch's depth where there is one", async () => {
    const depth = tf.tensor2d([3, 2], [1, 2]);
    const got = decider({ positiveWeight: 2 }).terms([trace()], { ...batch, depth }).decider as tf.Tensor;
    const first = (1 * bce(0, 0, true, 2) + 3 * bce(0, 1, true, 2)) / 4;
    const second = (1 * bce(1, 0, true, 2) + 3 * bce(1, 1, false, 2)) / 4;
    expect((await got.data())[0]).toBeCloseTo(first + second, 5);
  });

  it('needs two loops', () => {
    expect(() => decider().terms([trace(1)], batch)).toThrow('decides between loops (got 1); set model.loops');
  });

  it('moves the decider and nothing else', async () => {
    const s = thinkAtHard({ rank: 2, topK: 3 });
    const own = Object.keys(params(s)).filter((n) => n.startsWith('strategy.thinkAtHard.decider'));
    expect(await reached(decider(), s)).toEqual(own.sort());
    expect(await reached(decider(), loopLM())).toEqual(['model.early_exit_gate.bias', 'model.early_exit_gate.weight']);
    await agreesWithFiniteDifferences(decider(), s, params(s), own);
  });
});
