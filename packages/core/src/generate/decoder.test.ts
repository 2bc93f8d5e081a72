// Cached decoding against the parallel forward pass, and what early exit saves.
import { useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { fixedDepth } from '../exit/fixedDepth.ts';
import { qExit } from '../exit/qExit.ts';
import { perLoop } from '../kv/perLoop.ts';
import { type ModelConfig, modelConfig } from '../model/config.ts';
import { initParams, type Params } from '../model/params.ts';
import { flops } from '../recurrence/flops.ts';
import { paramSpecs } from '../recurrence/layout.ts';
import { drawNoise } from '../recurrence/noise.ts';
import type { Inputs } from '../recurrence/plan.ts';
import { runTrace, type TraceOptions } from '../recurrence/runTrace.ts';
import { fixedLoops } from '../recurrence/strategies/fixedLoops.ts';
import { loopLM } from '../recurrence/strategies/loopLM.ts';
import { strategies, strategyById } from '../recurrence/strategies/registry.ts';
import type { Strategy } from '../recurrence/strategy.ts';
import { key, randint } from '../rng/random.ts';
import { Decoder, type DecoderOptions } from './decoder.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const config = modelConfig({ vocab: 9, dModel: 8, heads: 2, layers: 2, loops: 3, dFF: 12, initStd: 0.5 });
const [batch, seq] = [3, 6];
const make = (c: ModelConfig, s: Strategy): Params => initParams(paramSpecs(c, s), key(5));
const inputs = (change: Partial<Inputs> = {}): Inputs => ({
  ids: tf.tensor2d(randint(key(1), batch * seq, 9), [batch, seq], 'int32'),
  ...change,
});
const columns = (x: Inputs, from: number, n: number): Inputs =>
  Object.fromEntries(
    Object.entries(x).map(([k, t]) => [k, tf.slice(t as tf.Tensor, [0, from], [batch, n])]),
  ) as unknown as Inputs; // the same keys

interface Run {
  logits: Float32Array;
  depths: number[];
  flops: number;
}
/** Decodes in pieces of the given lengths; logits and depths are put back in [batch, seq] order. */
async function decode(
  c: ModelConfig,
  s: Strategy,
  p: Params,
  x: Inputs,
  pieces: number[],
  options: DecoderOptions = {},
): Promise<Run> {
  const decoder = new Decoder(c, s, p, { block: 4, ...options });
  const parts: tf.Tensor[] = [];
  const depths = new Array<number>(batch * seq).fill(0);
  let total = 0;
  for (const n of pieces) {
    const at = decoder.length;
    const out = await decoder.feed(columns(x, at, n));
    parts.push(out.logits);
    out.depths.forEach((d, i) => {
      depths[Math.floor(i / n) * seq + at + (i % n)] = d;
    });
    total += out.flops;
  }
  decoder.dispose();
  return { logits: (await tf.concat(parts, 1).data()) as Float32Array, depths, flops: total };
}
async function parallel(
  c: ModelConfig,
  s: Strategy,
  p: Params,
  x: Inputs,
  options: Partial<TraceOptions> = {},
): Promise<Run> {
  const [trace] = runTrace(c, s, p, x, { train: false, ...options });
  if (!trace) throw new Error('no trace');
  const steps = trace.active.map((a) => a ?? tf.ones([batch, seq]));
  const depths = [...(await steps.reduce((a, b) => tf.add(a, b)).data())];
  return { logits: (await trace.logits(trace.states.length - 1).data()) as Float32Array, depths, flops: 0 };
}
/** Largest difference, as a share of the largest number if that is above 1. */
const maxDiff = (a: Float32Array, b: Float32Array): number => {
  expect(a.length).toBe(b.length);
  const largest = Math.max(1, ...b.map(Math.abs));
  return Math.max(...a.map((x, i) => Math.abs(x - (b[i] as number)))) / largest;
};
const ones = [1, 1, 1, 1, 1, 1];
/** Loops of those that do not take any number. */
const loopsOf: Record<string, number> = { plain: 1, isoFlop: 1, coconut: 7 };
/** Whether a strategy runs on a model. */
const fits = (c: ModelConfig, s: Strategy): boolean => {
  try {
    return paramSpecs(c, s).length > 0;
  } catch {
    return false;
  }
};

describe('decoding token by token equals the parallel pass (1e-5, float32)', () => {
  for (const { id } of strategies) {
    const s = strategyById(id);
    if (s.inexact ?? s.kv.inexact) continue; // they say why not
    const c = { ...config, initStd: 0.3, loops: loopsOf[id] ?? config.loops };
    const models: [string, ModelConfig][] = [
      ['layers alone', c],
      ['prelude and coda', { ...c, prelude: 1, coda: 2 }],
    ];
    it.each(models.filter(([, model]) => fits(model, s)))(`${id}, %s`, async (_, model) => {
      const p = make(model, s);
      const noise = drawNoise(model, s, { batch, seq, loops: model.loops }, key(9));
      const want = await parallel(model, s, p, inputs(), { noise });
      for (const pieces of [ones, [2, 3, 1]]) {
        const got = await decode(model, s, p, inputs(), pieces, { key: key(9), exit: fixedDepth() });
        expect(maxDiff(got.logits, want.logits), `${pieces}`).toBeLessThan(1e-5);
      }
    });
  }

  it.each(['latest', 'none', 'compute'] as const)('with tokens stopped at their depth, fill %s', async (fill) => {
    const s = fixedLoops({ fill });
    const p = make(config, s);
    const x = inputs({
      depth: tf.tensor2d(
        Array.from(randint(key(2), batch * seq, 3), (d) => d + 1),
        [batch, seq],
      ),
    });
    const want = await parallel(config, s, p, x);
    for (const pieces of [ones, [3, 1, 2]]) {
      const got = await decode(config, s, p, x, pieces);
      expect(got.depths).toEqual(want.depths);
      expect(maxDiff(got.logits, want.logits), `${pieces}`).toBeLessThan(1e-5);
    }
  });

  it.each(['latest', 'none', 'compute'] as const)('with a gate that stops tokens, fill %s', async (fill) => {
    const s = loopLM();
    const p = {
      ...make(config, s),
      'model.early_exit_gate.weight': tf.tensor2d(randint(key(8), 8, 5), [1, 8], 'int32').toFloat(),
    };
    const options = { exit: qExit({ threshold: 0.9 }), kv: perLoop({ fill }) };
    const want = await parallel(config, s, p, inputs(), options);
    expect(new Set(want.depths).size, 'the gate must decide differently for different tokens').toBeGreaterThan(1);
    for (const pieces of [ones, [3, 1, 2]]) {
      const got = await decode(config, s, p, inputs(), pieces, options);
      expect(got.depths).toEqual(want.depths);
      expect(maxDiff(got.logits, want.logits), `${pieces}`).toBeLessThan(1e-5);
    }
  });

  it('the ways to fill skipped loops differ, or the tests above would show nothing', async () => {
    const x = inputs({
      depth: tf.tensor2d(
        Array.from(randint(key(2), batch * seq, 3), (d) => d + 1),
        [batch, seq],
      ),
    });
    const of = async (fill: 'latest' | 'none' | 'compute') =>
      (await parallel(config, fixedLoops({ fill }), make(config, fixedLoops()), x)).logits;
    const [a, b, c] = [await of('latest'), await of('none'), await of('compute')];
    for (const [x1, x2] of [
      [a, b],
      [a, c],
      [b, c],
    ] as const)
      expect(maxDiff(x1, x2)).toBeGreaterThan(1e-2);
  });

  it('with padding on the left', async () => {
    const s = loopLM();
    const p = make(config, s);
    const mask = [1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1];
    const x = inputs({ keyMask: tf.tensor2d(mask, [batch, seq]) });
    const got = await decode(config, s, p, x, [3, 1, 1, 1]);
    const want = await parallel(config, s, p, x);
    const scored = (y: Float32Array) => y.filter((_, i) => mask[Math.floor(i / 9)] === 1); // padding has no answer
    expect(maxDiff(scored(got.logits), scored(want.logits))).toBeLessThan(1e-5);
  });
});

describe('early exit', () => {
  const s = loopLM();

  it('counts what the formula says when nothing stops', async () => {
    const model = { ...config, prelude: 1, coda: 1 };
    const p = make(model, s);
    const got = await decode(model, s, p, inputs(), [6]);
    expect(got.flops).toBe(flops(model, s, { batch, seq }));
    expect((await decode(model, s, p, inputs(), ones)).flops).toBeLessThan(got.flops); // no products with the future
  });

  it('saves the work of the skipped loops, row by row', async () => {
    const p = make(config, s);
    const work = async (depths: number[]) => {
      const decoder = new Decoder(config, fixedLoops(), p);
      const first = columns(inputs(), 0, 1);
      const out = await decoder.feed({ ...first, depth: tf.tensor2d(depths, [batch, 1]) });
      decoder.dispose();
      return out.flops;
    };
    const all = await work([3, 3, 3]);
    const readout = 2 * batch * config.dModel * config.vocab;
    const share = async (depths: number[]) => ((await work(depths)) - readout) / (all - readout);
    expect(await share([1, 1, 1])).toBeCloseTo(1 / 3, 10);
    expect(await share([1, 2, 3])).toBeCloseTo(6 / 9, 10);
    expect(await share([3, 1, 1])).toBeCloseTo(5 / 9, 10);
  });

  it('falls with the threshold and keeps full depth at 1 and for prompts', async () => {
    const p = make(config, s);
    const at = async (threshold: number) => decode(config, s, p, inputs(), ones, { exit: qExit({ threshold }) });
    const [none, some, full] = [await at(0), await at(0.6), await at(1)];
    expect(new Set(none.depths)).toEqual(new Set([1]));
    expect(new Set(full.depths)).toEqual(new Set([3]));
    expect(none.flops).toBeLessThan(some.flops);
    expect(some.flops).toBeLessThan(full.flops);
    const decoder = new Decoder(config, s, p, { exit: fixedDepth({ depth: 1 }) });
    expect(new Set((await decoder.feed(columns(inputs(), 0, 4), { exit: null })).depths)).toEqual(new Set([3]));
    expect(new Set((await decoder.feed(columns(inputs(), 4, 1))).depths)).toEqual(new Set([1]));
    decoder.dispose();
  });

  it('at a fixed depth is the shorter model', async () => {
    const p = make(config, s);
    const got = await decode(config, s, p, inputs(), ones, { exit: fixedDepth({ depth: 2 }) });
    const want = await parallel(config, s, p, inputs(), { loops: 2 });
    expect(maxDiff(got.logits, want.logits)).toBeLessThan(1e-5);
  });
});

describe('the decoder', () => {
  it('leaves no tensor behind', async () => {
    const p = make(config, loopLM());
    const x = inputs();
    const pieces = [columns(x, 0, 3), columns(x, 3, 1), columns(x, 4, 1)];
    const before = tf.memory().numTensors;
    const decoder = new Decoder(config, loopLM(), p, { exit: qExit({ threshold: 0.6 }), block: 2 });
    for (const piece of pieces) (await decoder.feed(piece)).logits.dispose();
    decoder.dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect([...Object.values(p), ...pieces.map((x) => x.ids)].every((t) => !t.isDisposed)).toBe(true);
  });

  it('says what it cannot do', async () => {
    const p = make(config, loopLM());
    const decoder = new Decoder({ ...config, maxSeq: 3 }, loopLM(), p);
    await expect(decoder.feed(inputs())).rejects.toThrow(
      'the sequence has 6 tokens, the model takes 3; set model.maxSeq or shorten the input',
    );
    await decoder.feed(columns(inputs(), 0, 2));
    await expect(decoder.feed(columns(inputs(), 2, 2))).rejects.toThrow('the sequence has 4 tokens');
    await expect(decoder.feed({ ids: tf.zeros([1, 1], 'int32') })).rejects.toThrow(
      'the decoder holds 3 sequences (got ids for 1)',
    );
    expect(() => new Decoder(config, fixedLoops(), p, { exit: qExit() })).toThrow(
      'exit rule qExit needs a halting gate, which strategy fixedLoops does not have',
    );
  });
});
