// Who hears of whom in the parallel loop transformer.
import { toArray, useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { modelConfig } from '../../model/config.ts';
import { initParams } from '../../model/params.ts';
import { key, randint } from '../../rng/random.ts';
import { paramSpecs } from '../layout.ts';
import { runTrace } from '../runTrace.ts';
import { fixedLoops } from './fixedLoops.ts';
import { parallelLoop } from './parallelLoop.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const [seq, d] = [5, 8];
const config = modelConfig({ vocab: 9, dModel: d, heads: 2, layers: 2, loops: 3, dFF: 12, initStd: 0.3 });
const s = parallelLoop({ window: 2 });
const params = () => initParams(paramSpecs(config, s), key(3));
const states = async (ids: ArrayLike<number>): Promise<number[][]> => {
  const [trace] = runTrace(
    config,
    s,
    params(),
    { ids: tf.tensor2d(Array.from(ids), [1, seq], 'int32') },
    { train: false },
  );
  return Promise.all((trace?.states ?? []).map(async ({ h }) => [...(await toArray(h))]));
};
const token = (h: readonly number[] | undefined, i: number): number[] => (h ?? []).slice(i * d, (i + 1) * d);
const ids = () => Array.from(randint(key(1), seq, 9));

it('starts as one loop of the core, and the first token, before which there is none, stays there', async () => {
  const [h1, h2, h3] = await states(ids());
  const [trace] = runTrace(
    config,
    fixedLoops(),
    params(),
    { ids: tf.tensor2d(ids(), [1, seq], 'int32') },
    { train: false },
  );
  expect(h1).toEqual([...(await toArray(trace?.states[0]?.h as tf.Tensor))]);
  for (const h of [h2, h3])
    for (const [i, x] of token(h, 0).entries()) expect(x).toBeCloseTo(token(h1, 0)[i] as number, 5);
  expect(token(h2, 1)).not.toEqual(token(h1, 1));
});

it('carries a token n loops further to the right than its keys of the first loop and the windows do', async () => {
  // Keys of loop 0 reach all later tokens; what distinguishes the shift is that loop t of token i uses loop t - 1 of i - 1:
  // so with attention cut off, h_2 of token i depends on tokens i and i - 1 alone, h_3 on i, i - 1, i - 2.
  const alone = { ...s, id: 'alone', kv: { ...s.kv, views: (t: number) => [{ slots: [t], window: 1 }] } };
  const run = async (x: number[]) => {
    const [trace] = runTrace(config, alone, params(), { ids: tf.tensor2d(x, [1, seq], 'int32') }, { train: false });
    return Promise.all((trace?.states ?? []).map(async ({ h }) => [...(await toArray(h))]));
  };
  const other = ids().map((x, i) => (i === 1 ? (x + 1) % 9 : x));
  const [a, b] = [await run(ids()), await run(other)];
  const changed = [0, 1, 2].map((t) => [0, 1, 2, 3, 4].filter((i) => `${token(a[t], i)}` !== `${token(b[t], i)}`));
  expect(changed).toEqual([[1], [1, 2], [1, 2, 3]]);
});
