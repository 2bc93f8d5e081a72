// The same model code traced and compiled: frozen tokens, recomputation and cached decoding against the eager reference.
import { compile, useDevice, valueAndGrad } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { qExit } from '../exit/qExit.ts';
import { modelConfig } from '../model/config.ts';
import { initParams, type Params } from '../model/params.ts';
import { paramSpecs } from '../recurrence/layout.ts';
import type { Inputs } from '../recurrence/plan.ts';
import { runTrace } from '../recurrence/runTrace.ts';
import type { Hidden } from '../recurrence/strategies/fixedLoops.ts';
import { loopLM } from '../recurrence/strategies/loopLM.ts';
import type { Ctx, Strategy } from '../recurrence/strategy.ts';
import { key, randint } from '../rng/random.ts';
import { Decoder } from './decoder.ts';

const config = modelConfig({ vocab: 9, dModel: 8, heads: 2, layers: 1, loops: 3, dFF: 12, initStd: 0.5, prelude: 1 });
const strategy = loopLM();

interface Result {
  numbers: number[];
  depths: number[];
}

async function everything(kind: 'cpu' | 'onnx'): Promise<Result> {
  await useDevice({ kind });
  const params = initParams(paramSpecs(config, strategy), key(1));
  const ids = tf.tensor2d(randint(key(1), 12, 9), [2, 6], 'int32');
  const depth = tf.tensor2d([1, 2, 3, 1, 2, 3, 3, 2, 1, 2, 3, 1], [2, 6]);
  const keyMask = tf.tensor2d([0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [2, 6]);
  const numbers: number[] = [];
  const depths: number[] = [];
  for (const [inputs, remat] of [
    [{ ids, depth }, false],
    [{ ids, keyMask }, true],
  ] as [Inputs, boolean][]) {
    const f = compile((p: Params, x: Inputs) =>
      valueAndGrad((q: Params) => {
        const [trace] = runTrace(config, strategy, q, x, { train: true, remat });
        if (!trace) throw new Error('no trace');
        return tf.add(tf.mean(tf.square(trace.logits(2))), tf.mean(tf.square(tf.stack([...trace.halt]))));
      })(p),
    );
    const { value, grads } = await f(params, inputs);
    numbers.push(...(await value.data()));
    for (const name of Object.keys(grads).sort()) numbers.push(...((await grads[name]?.data()) ?? []));
  }
  const decoder = new Decoder(config, strategy, params, { exit: qExit({ threshold: 0.6 }), block: 8 });
  for (const [from, n] of [
    [0, 3],
    [3, 1],
    [4, 1],
  ] as const) {
    const out = await decoder.feed({ ids: tf.slice(ids, [0, from], [2, n]) });
    numbers.push(...(await out.logits.data()));
    depths.push(...out.depths);
  }
  decoder.dispose();
  return { numbers, depths };
}

it('gives the numbers of the reference (1e-5 of the largest, float32)', async () => {
  const want = await everything('cpu');
  const got = await everything('onnx');
  expect(got.depths).toEqual(want.depths);
  expect(new Set(got.depths).size, 'tokens must stop at different depths').toBeGreaterThan(1);
  expect(got.numbers.length).toBe(want.numbers.length);
  const largest = Math.max(...want.numbers.map(Math.abs));
  const worst = Math.max(...want.numbers.map((x, i) => Math.abs(x - (got.numbers[i] as number))));
  expect(worst / largest).toBeLessThan(1e-5);
}, 60_000);

it('traces a step of a stationary strategy a few times, however many loops and tokens there are', async () => {
  await useDevice({ kind: 'onnx' });
  let traces = 0;
  const counted: Strategy = {
    ...loopLM(),
    step: (s, k, c) => {
      traces++;
      return loopLM().step(s as Hidden, k, c as Ctx<Hidden>);
    },
  };
  const deep = { ...config, loops: 6 };
  const params = initParams(paramSpecs(deep, counted), key(1));
  const decoder = new Decoder(deep, counted, params, { exit: qExit({ threshold: 0.7 }), block: 32 });
  await decoder.feed({ ids: tf.tensor2d(randint(key(1), 12, 9), [4, 3], 'int32') }, { exit: null });
  await decoder.send([0, 1, 2, 3].map((row) => ({ row, id: row })));
  let tokens = 0;
  const depths = new Set<number>();
  for (let arrivals = await decoder.advance(); arrivals.length > 0; arrivals = await decoder.advance()) {
    for (const a of arrivals) depths.add(a.depth);
    tokens += arrivals.length;
    if (tokens < 60) await decoder.send(arrivals.map(({ row }) => ({ row, id: row })));
  }
  decoder.dispose();
  expect(depths.size, 'tokens must stop at different depths').toBeGreaterThan(1);
  // the prompt's first loop and its later ones, the first token, and 4, 2 and 1 rows in order and not
  expect(traces).toBeLessThanOrEqual(2 + 1 + 2 * 3);
}, 60_000);
