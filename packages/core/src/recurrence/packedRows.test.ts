// Several texts in one row are computed as if each had a row of its own.
import { compile, useDevice, valueAndGrad } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { Decoder } from '../generate/decoder.ts';
import { modelConfig } from '../model/config.ts';
import { initParams, type Params } from '../model/params.ts';
import { key, randint } from '../rng/random.ts';
import { paramSpecs } from './layout.ts';
import { runTrace } from './runTrace.ts';
import { loopLM } from './strategies/loopLM.ts';
import { strategies, strategyById } from './strategies/registry.ts';
import type { Strategy } from './strategy.ts';

const config = modelConfig({ vocab: 7, dModel: 8, heads: 2, layers: 2, loops: 3, dFF: 12, initStd: 0.3 });
const [first, second] = [3, 4];
const seq = first + second;
const ids = randint(key(1), seq, 7);
const row = (values: ArrayLike<number>) => tf.tensor2d(Int32Array.from(values), [1, values.length], 'int32');
const packed = () => ({
  ids: row(ids),
  segments: row(Array.from({ length: seq }, (_, i) => (i < first ? 0 : 1))),
});

beforeEach(() => useDevice({ kind: 'cpu' }));

async function logits(s: Strategy, p: Params, inputs: { ids: tf.Tensor; segments?: tf.Tensor }): Promise<number[]> {
  const [trace] = runTrace(config, s, p, inputs, { train: false });
  return [...((await trace?.logits(trace.states.length - 1).data()) ?? [])];
}

/** Routers compare the tokens of a row, Coconut's thoughts are places of it, and plain has one loop. */
const left = ['morExpert', 'coconut', 'plain'];
const ways = strategies.map(({ id }) => strategyById(id)).filter((s) => !s.noise && !left.includes(s.id));

describe('rows of several texts', () => {
  it.each(ways.map((s) => [s.id, s] as const))('under %s', async (_, s) => {
    const p = initParams(paramSpecs(config, s), key(0));
    const together = await logits(s, p, packed());
    const alone = [
      ...(await logits(s, p, { ids: row(ids.slice(0, first)) })),
      ...(await logits(s, p, { ids: row(ids.slice(first)) })),
    ];
    expect(Math.max(...together.map((x, i) => Math.abs(x - (alone[i] ?? Number.NaN))))).toBeLessThan(1e-5);
    const open = await logits(s, p, { ids: row(ids) });
    expect(Math.max(...together.map((x, i) => Math.abs(x - (open[i] ?? Number.NaN))))).toBeGreaterThan(1e-3);
  });

  it('has the same gradients compiled', async () => {
    const s = loopLM();
    const p = initParams(paramSpecs(config, s), key(0));
    const loss = (q: Params, inputs: ReturnType<typeof packed>) => {
      const [trace] = runTrace(config, s, q, inputs, { train: true });
      return tf.mean(tf.square(trace?.logits(2) as tf.Tensor));
    };
    const want = await valueAndGrad((q: Params) => loss(q, packed()))(p).grads['model.embed_tokens.weight']?.data();
    await useDevice({ kind: 'onnx', threads: 1 });
    const q = initParams(paramSpecs(config, s), key(0));
    const compiled = compile((x: Params, inputs: ReturnType<typeof packed>) =>
      valueAndGrad((y: Params) => loss(y, inputs))(x),
    );
    const got = await (await compiled(q, packed())).grads['model.embed_tokens.weight']?.data();
    expect(got?.length).toBe(want?.length);
    for (const [i, x] of (want ?? []).entries()) expect(Math.abs(x - (got?.[i] ?? Number.NaN))).toBeLessThan(1e-4);
  });

  it('are not decoded', async () => {
    const s = loopLM();
    const decoder = new Decoder(config, s, initParams(paramSpecs(config, s), key(0)));
    await expect(decoder.feed(packed())).rejects.toThrow('a cache holds one text a row');
  });
});
