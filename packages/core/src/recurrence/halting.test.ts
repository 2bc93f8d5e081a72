// The exit distribution against the products of its definition, and where those would overflow.
import { useDevice, valueAndGrad } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { exitLogProbs } from './halting.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const probs = async (logits: number[]) =>
  Promise.all(
    exitLogProbs(logits.map((z) => tf.tensor2d([z], [1, 1]))).map(async (x) => Math.exp((await x.data())[0] as number)),
  );

it('is lambda times survival, and the remainder at the end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 1, maxLength: 6 }),
      async (logits) => {
        let survival = 1;
        const want = logits.map((z, t) => {
          const lambda = t === logits.length - 1 ? 1 : 1 / (1 + Math.exp(-z));
          const p = lambda * survival;
          survival *= 1 - lambda;
          return p;
        });
        const got = await probs(logits);
        got.forEach((p, t) => {
          expect(Math.abs(p - (want[t] as number))).toBeLessThan(1e-5); // float32
        });
        expect(got.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
      },
    ),
    { numRuns: 50 },
  );
});

it('stays finite, as do its gradients, where sigmoids round to 0 and 1', async () => {
  for (const z of [1000, -1000]) {
    const f = (x: tf.Tensor) => tf.sum(tf.stack(exitLogProbs([x, x, x])));
    const { value, grads } = valueAndGrad(f)(tf.tensor2d([z], [1, 1]));
    expect(Number.isFinite((await value.data())[0])).toBe(true);
    expect(Number.isFinite((await grads.data())[0])).toBe(true);
  }
});
