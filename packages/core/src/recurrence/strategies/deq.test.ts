// The deep equilibrium model: where it ends, what its gradients are, and that it stays causal.
import { useDevice, valueAndGrad } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { modelConfig } from '../../model/config.ts';
import { initParams, type Params } from '../../model/params.ts';
import { key, normal, randint } from '../../rng/random.ts';
import { paramSpecs } from '../layout.ts';
import { drawNoise } from '../noise.ts';
import { runTrace } from '../runTrace.ts';
import { deq } from './deq.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const [batch, seq, d] = [2, 4, 8];
const config = modelConfig({ vocab: 6, dModel: d, heads: 2, layers: 1, loops: 40, dFF: 8, initStd: 0.3 });
const ids = () => tf.tensor2d(randint(key(1), batch * seq, 6), [batch, seq], 'int32');
/** With the core's last norm small, the step contracts. */
const params = (): Params => {
  const made = initParams(paramSpecs(config, deq()), key(2));
  return { ...made, 'model.norm.weight': tf.fill([d], 0.3) };
};
const noise = () => drawNoise(config, deq(), { batch, seq, loops: 40 }, key(4));
const run = (options: Parameters<typeof deq>[0], train: boolean, loops = 40, p = params()) =>
  runTrace(config, deq(options), p, { ids: ids() }, { train, loops, noise: noise() })[0];
const total = async (x: tf.Tensor | undefined): Promise<number> =>
  [...((await x?.data()) ?? [Number.NaN])].reduce((a, b) => a + b, 0);

it('ends at the fixed point of its step, sooner than plain iteration', async () => {
  const [solved, plain] = [run({}, false, 12), run({ solver: 'unroll' }, false, 12)];
  expect(await total(solved?.residual(11))).toBeLessThan(await total(plain?.residual(11)));
  const far = run({}, false, 40);
  expect(await total(far?.residual(39))).toBeLessThan(1e-8);
  expect(far?.logits(5).shape).toEqual([batch, seq, 6]); // any evaluation can be read
});

it.each(['implicit', 'phantom'] as const)(
  'has in training, by the %s gradient, the gradient of all steps',
  async (gradient) => {
    const weight = tf.tensor(normal(key(8), batch * seq * d), [batch, seq, d]);
    const gradients = (options: Parameters<typeof deq>[0]) =>
      valueAndGrad((p: Params) => tf.sum(tf.mul(run(options, true, 40, p)?.states.at(-1)?.h as tf.Tensor, weight)))(
        params(),
      ).grads as Params;
    const want = gradients({ gradient: 'bptt', solver: 'unroll' });
    const got = gradients({ gradient, phantomSteps: 20, tau: 1 });
    for (const [name, g] of Object.entries(want)) {
      const [x, y] = [[...(await g.data())], [...((await got[name]?.data()) ?? [])]];
      const scale = Math.max(...x.map(Math.abs));
      if (scale > 0)
        expect(Math.max(...x.map((v, i) => Math.abs(v - (y[i] as number)))) / scale, name).toBeLessThan(2e-3);
    }
  },
);

it('measures the Jacobian of its step where it ends', async () => {
  const trace = run({}, true);
  const h = trace?.states.at(-1)?.h as tf.Tensor;
  // the same difference by hand: one more step from the fixed point, and one from beside it
  const from = async (state: tf.Tensor) => {
    const strategy = deq({ solver: 'unroll', gradient: 'bptt' });
    const [t] = runTrace(
      config,
      strategy,
      params(),
      { ids: ids() },
      {
        ...{ train: false, loops: 1, noise: noise() },
        from: { state: { h: state }, steps: 0 },
      },
    );
    return t?.states[0]?.h as tf.Tensor;
  };
  const beside = tf.add(h, tf.mul(noise().jacobian as tf.Tensor, 1e-2));
  const change = tf.sum(tf.square(tf.sub(await from(beside), await from(h))), 2);
  const want = [...(await tf.div(change, 1e-4 * d).data())];
  [...((await trace?.jacobian?.data()) ?? [])].forEach((x, i) => {
    expect(x).toBeCloseTo(want[i] as number, 3);
  });
});
