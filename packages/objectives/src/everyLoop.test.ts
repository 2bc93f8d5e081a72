// Losses over several readouts of one trajectory: all of them, the last ones, and one for each step of a chain.
import { fixedLoops, loopedIcl, relay } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { everyLoop } from './everyLoop.ts';
import { at, batch, loss, mean, right, trace, values } from './handMadeTrace.test-data.ts';
import { lastLoop } from './lastLoop.ts';
import { agreesWithFiniteDifferences, params, reached, real } from './smallModel.test-data.ts';
import { stepSupervised } from './stepSupervised.ts';
import { windowed } from './windowed.ts';

const ofLoop = (t: number): number => mean((i) => at(loss, t, i));

describe('everyLoop (float32, 1e-5)', () => {
  it('weighs a loop by the discount to the power of the loops after it', async () => {
    const want = (0.25 * ofLoop(0) + 0.5 * ofLoop(1) + ofLoop(2)) / 1.75;
    expect((await values(everyLoop({ discount: 0.5 }))).total).toBeCloseTo(want, 5);
  });

  it('becomes the last loop as the discount falls', async () => {
    expect((await values(everyLoop({ discount: 1e-6 }))).total).toBeCloseTo(ofLoop(2), 5);
    expect(() => everyLoop({ discount: 0 })).toThrow('discount must be > 0 (got 0); set objective.discount');
  });
});

describe('windowed (float32, 1e-5)', () => {
  it.each([
    [1, ofLoop(2)],
    [2, (ofLoop(1) + ofLoop(2)) / 2],
    [3, (ofLoop(0) + ofLoop(1) + ofLoop(2)) / 3],
    [9, (ofLoop(0) + ofLoop(1) + ofLoop(2)) / 3],
  ])('reads the last %d loops', async (window, want) => {
    expect((await values(windowed({ window }))).crossEntropy).toBeCloseTo(want, 5);
  });

  it('reads the loops that carry gradient unless told otherwise', async () => {
    const plan = { steps: [0, 1, 2].map((t) => ({ core: 'core', t, grad: t > 0 })) };
    expect((await values(windowed(), [trace(3, { plan })])).total).toBeCloseTo((ofLoop(1) + ofLoop(2)) / 2, 5);
    expect((await values(windowed())).total).toBeCloseTo((await values(everyLoop())).total ?? Number.NaN, 6);
  });

  it('reaches everything through the window, and nothing before it', async () => {
    const s = loopedIcl({ window: 1 });
    expect(await reached(windowed(), s)).toEqual(Object.keys(params(s)).sort()); // the input enters every loop
    expect(await reached(windowed(), fixedLoops({ gradLoops: 2 }))).not.toContain('model.embed_tokens.weight');
    await agreesWithFiniteDifferences(windowed(), loopedIcl(), params(loopedIcl()), ['model.norm.weight']);
  });
});

describe('stepSupervised (float32, 1e-5)', () => {
  // the chain asks for symbol 1 in the first loop of the first token, else for 0; the first token's second loop is not scored
  const chain = {
    targets: tf.tensor3d([1, 0, 0, 0, 0, 0], [1, 2, 3], 'int32'),
    weights: tf.tensor3d([1, 0, 1, 3, 3, 3], [1, 2, 3]),
  };
  const steps =
    (-Math.log(1 - at(right, 0, 0)) + at(loss, 2, 0) + 3 * (at(loss, 0, 1) + at(loss, 1, 1) + at(loss, 2, 1))) / 11;
  const run = async (o = stepSupervised(), b = { ...batch, chain }) => {
    const { steps: s, answer } = o.terms([trace()], b);
    return Promise.all([s, answer].map(async (x) => (await x?.data())?.[0]));
  };

  it('is the cross-entropy of loop t on step t, and of the last loop on the answer', async () => {
    const [s, answer] = await run();
    expect(s).toBeCloseTo(steps, 5);
    expect(answer).toBeCloseTo(ofLoop(2), 5);
    expect((await run(stepSupervised({ answer: 0.5 })))[1]).toBeCloseTo(0.5 * ofLoop(2), 5);
  });

  it('is the last loop alone where the batch has no scored step', async () => {
    const [s, answer] = await run(stepSupervised(), { ...batch, chain: { ...chain, weights: tf.zeros([1, 2, 3]) } });
    expect(s).toBe(0);
    expect(answer).toBeCloseTo((await values(lastLoop())).total ?? Number.NaN, 6);
  });

  it('says what a batch lacks', () => {
    expect(() => stepSupervised().terms([trace()], batch)).toThrow(
      'objective stepSupervised needs a chain of thought and the batch has none; use a task that writes one',
    );
    expect(() => stepSupervised().terms([trace(2)], { ...batch, chain })).toThrow(
      'the batch has chain targets for 3 loops, the trace has 2',
    );
  });

  it('agrees with finite differences and reaches every parameter', async () => {
    const targets = tf.tensor3d([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2], [2, 3, 3], 'int32');
    const worked = { ...real, chain: { targets, weights: tf.ones([2, 3, 3]) } };
    const p = params(relay());
    await agreesWithFiniteDifferences(stepSupervised(), relay(), p, ['lm_head.weight'], undefined, worked);
    expect(await reached(stepSupervised(), relay(), undefined, worked)).toEqual(Object.keys(p).sort());
  });
});
