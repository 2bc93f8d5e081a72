// Ways to vary a core call, each against a model that does the same without them; compiled, recomputed and eager alike.
import { compile, linear, rmsNorm, toArray, useDevice, valueAndGrad } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { KvPolicy } from '../kv/kvPolicy.ts';
import { perLoop } from '../kv/perLoop.ts';
import { paramSpecs } from '../recurrence/layout.ts';
import { runTrace } from '../recurrence/runTrace.ts';
import { fixedLoops, type Hidden } from '../recurrence/strategies/fixedLoops.ts';
import type { CoreCall, Ctx, Strategy } from '../recurrence/strategy.ts';
import { fold, key, normal, randint } from '../rng/random.ts';
import { modelConfig } from './config.ts';
import type { Params } from './params.ts';
import { CORE, type CoreSpec, countParams } from './specs.ts';

beforeEach(() => useDevice({ kind: 'cpu' }));

const config = modelConfig({ vocab: 6, dModel: 8, heads: 2, layers: 2, loops: 2, dFF: 10 });
const [batch, seq] = [2, 4];
const ids = () => tf.tensor2d(randint(key(1), batch * seq, 6), [batch, seq], 'int32');
const draw = (name: string, shape: number[], scale = 0.5) =>
  tf.tensor(
    normal(
      fold(key(3), name),
      shape.reduce((a, b) => a * b),
    ).map((x) => x * scale),
    shape,
  );
/** Every parameter away from its initial value. */
const params = (s: Strategy<Hidden>): Params =>
  Object.fromEntries(paramSpecs(config, s).map((p) => [p.name, draw(p.name, [...p.shape])]));
const looped = (
  call: (ctx: Ctx<Hidden>) => CoreCall,
  core: Omit<CoreSpec, 'name'> = {},
  kv: KvPolicy = perLoop(),
): Strategy<Hidden> => ({
  ...fixedLoops(),
  id: 'varied',
  cores: () => [{ name: CORE, ...core }],
  step: (s, _k, ctx) => ({ h: ctx.core(s.h, call(ctx)) }),
  kv,
});
const last = (s: Strategy<Hidden>, p: Params, tokens = ids()): tf.Tensor => {
  const [trace] = runTrace(config, s, p, { ids: tokens }, { train: false });
  return trace?.states.at(-1)?.h as tf.Tensor; // one trajectory, two loops
};
const gap = async (a: tf.Tensor, b: tf.Tensor): Promise<number> => {
  const [x, y] = [await toArray(a), await toArray(b)];
  expect(x.length).toBe(y.length);
  return Math.max(...Array.from(x, (v, i) => Math.abs(v - (y[i] as number))));
};

describe('variant (float32, 1e-5)', () => {
  const adapters = { variants: 2, rank: 3 };
  const plain = fixedLoops();

  it('equals the model whose matrices are W + B A, and leaving it out the model without adapters', async () => {
    const s = looped(() => ({ variant: 1 }), { adapters });
    const p = params(s);
    const merged = Object.fromEntries(
      paramSpecs(config, plain).map(({ name }) => {
        const at = name.replace(/\.weight$/, '');
        const [a, b] = [p[`${at}.lora_A.1.weight`], p[`${at}.lora_B.1.weight`]];
        const w = p[name] as tf.Tensor;
        return [name, a && b ? tf.add(w, tf.matMul(b, a)) : w];
      }),
    );
    expect(await gap(last(s, p), last(plain, merged))).toBeLessThan(1e-5);
    expect(await gap(last(s, p), last(plain, p))).toBeGreaterThan(1e-2);
    expect(
      await gap(
        last(
          looped(() => ({}), { adapters }),
          p,
        ),
        last(plain, p),
      ),
    ).toBe(0);
  });

  it('counts rank * (in + out) parameters a matrix, layer and adapter', () => {
    const [d, f] = [8, 10];
    const matrices = 4 * (d + d) + 2 * (d + f) + (f + d);
    const extra =
      countParams(
        paramSpecs(
          config,
          looped(() => ({}), { adapters }),
        ),
      ) - countParams(paramSpecs(config, plain));
    expect(extra).toBe(2 * 2 * 3 * matrices); // layers, adapters, rank
  });

  it('starts as the model without: B is 0', () => {
    const specs = paramSpecs(
      config,
      looped(() => ({}), { adapters }),
    ).filter((x) => x.name.includes('.lora_'));
    for (const { name, init } of specs) expect(init === 'zeros', name).toBe(name.includes('.lora_B.'));
  });
});

describe('modulation (float32, 1e-5)', () => {
  it('equals the model whose norm weights are multiplied by the factors', async () => {
    const factors = draw('factors', [2, 4, 8]);
    const s = looped(() => ({ modulation: factors }));
    const p = params(s);
    const norms = ['input_layernorm', 'input_layernorm_2', 'post_attention_layernorm', 'post_attention_layernorm_2'];
    const scaled = { ...p };
    for (const i of [0, 1])
      for (const [n, norm] of norms.entries()) {
        const name = `model.layers.${i}.${norm}.weight`;
        scaled[name] = tf.mul(p[name] as tf.Tensor, tf.reshape(tf.slice(factors, [i, n, 0], [1, 1, 8]), [8]));
      }
    expect(await gap(last(s, p), last(fixedLoops(), scaled))).toBeLessThan(1e-5);
  });
});

describe('kvSource (float32, 1e-5)', () => {
  it('is what keys and values are made of: alone, a token attends to W_v norm(source)', async () => {
    const one = { ...config, layers: 1, loops: 1 };
    const source = draw('source', [1, 1, 8]);
    const s = looped(() => ({ kvSource: source }));
    const p = params(s);
    const w = (name: string): tf.Tensor => p[`model.layers.0.${name}.weight`] as tf.Tensor;
    const tokens = tf.tensor2d([[2]], [1, 1], 'int32');
    const [trace] = runTrace(one, s, p, { ids: tokens }, { train: false });
    const x = tf.slice(p['model.embed_tokens.weight'] as tf.Tensor, [2, 0], [1, 8]);
    const eps = config.normEps;
    const v = linear(rmsNorm(tf.reshape(source, [1, 8]), w('input_layernorm'), eps), w('self_attn.v_proj'));
    const h = tf.add(x, rmsNorm(linear(v, w('self_attn.o_proj')), w('input_layernorm_2'), eps));
    const m = rmsNorm(h, w('post_attention_layernorm'), eps);
    const gate = linear(m, w('mlp.gate_proj'));
    const inner = tf.mul(tf.mul(gate, tf.sigmoid(gate)), linear(m, w('mlp.up_proj')));
    const y = tf.add(h, rmsNorm(linear(inner, w('mlp.down_proj')), w('post_attention_layernorm_2'), eps));
    const want = rmsNorm(y, p['model.norm.weight'] as tf.Tensor, eps);
    expect(await gap(trace?.states[0]?.h as tf.Tensor, tf.reshape(want, [1, 1, 8]))).toBeLessThan(1e-5);
  });

  it('of the input itself changes nothing in the first layer', async () => {
    const one = { ...config, layers: 1 };
    const own: Strategy<Hidden> = { ...fixedLoops(), step: (s, _k, c) => ({ h: c.core(s.h, { kvSource: s.h }) }) };
    const p = params(fixedLoops());
    const run = (s: Strategy<Hidden>) => runTrace(one, s, p, { ids: ids() }, { train: false })[0]?.states[1]?.h;
    expect(await gap(run(own) as tf.Tensor, run(fixedLoops()) as tf.Tensor)).toBe(0);
  });
});

/** Loop 1 sees the first loop's keys and its own of the last two tokens. */
const twoViews: KvPolicy = {
  ...perLoop(),
  id: 'twoViews',
  views: (t) => (t === 0 ? [{ slots: [0] }] : [{ slots: [0] }, { slots: [t], window: 2 }]),
};

describe('viewGate (float32, 1e-5)', () => {
  const s = looped(() => ({}), { viewGate: true }, twoViews);
  const gated = (p: Params, bias: number): Params => ({
    ...p,
    ...Object.fromEntries(
      [0, 1].flatMap((i) => [
        [`model.layers.${i}.self_attn.view_gate.weight`, tf.zeros([2, 4])],
        [`model.layers.${i}.self_attn.view_gate.bias`, tf.fill([2], bias)],
      ]),
    ),
  });
  const only = (n: number): Strategy<Hidden> => ({
    ...s,
    kv: { ...twoViews, id: `only${n}`, views: (t) => twoViews.views(t).slice(t === 0 ? 0 : n, t === 0 ? 1 : n + 1) },
  });

  it('blends: all of the first view, all of the second, and both where they agree', async () => {
    const p = params(s);
    expect(await gap(last(s, gated(p, 40)), last(only(0), p))).toBeLessThan(1e-5);
    expect(await gap(last(s, gated(p, -40)), last(only(1), p))).toBeLessThan(1e-5);
    expect(await gap(last(only(0), p), last(only(1), p))).toBeGreaterThan(1e-2);
    const same = { ...s, kv: { ...twoViews, id: 'same', views: (t: number) => [{ slots: [t] }, { slots: [t] }] } };
    expect(await gap(last(same, p), last(fixedLoops(), p))).toBeLessThan(1e-5);
  });

  it('counts dModel + heads parameters a layer', () => {
    const extra = countParams(paramSpecs(config, s)) - countParams(paramSpecs(config, fixedLoops()));
    expect(extra).toBe(2 * (8 + 2));
  });
});

describe('compiled, and recomputed in the backward pass', () => {
  const all = looped(
    (ctx) => ({ variant: 0, kvSource: tf.mul(ctx.e, 0.5), modulation: ctx.model.param('m') }),
    { adapters: { variants: 1, rank: 2 }, viewGate: true },
    twoViews,
  );
  const varied: Strategy<Hidden> = {
    ...all,
    params: () => [{ name: 'm', shape: [2, 4, 8], init: 'ones', decay: false }],
  };
  /** Every other token computes, and only those are seen: keys that recomputation is told of by a mask. */
  const masked: Strategy<Hidden> = {
    ...varied,
    active: (_s, k, c) => tf.cast(tf.equal(tf.mod(tf.cast(c.inputs.ids, 'float32'), 2), k.t % 2), 'float32'),
    kv: perLoop({ fill: 'none' }),
  };
  const shared: Strategy<Hidden> = {
    ...varied,
    kv: { ...perLoop(), id: 'shared', slot: (t) => (t === 0 ? 0 : null), views: () => [{ slots: [0] }] },
  };

  it.each([
    ['two views', varied],
    ['own keys of active tokens', masked],
    ['keys of the first loop', shared],
  ])('%s: values and gradients as eagerly on cpu (1e-4)', async (_, s) => {
    const step = (remat: boolean) => (p: Params, tokens: tf.Tensor) =>
      valueAndGrad((q: Params) => {
        const [trace] = runTrace(config, s, q, { ids: tokens }, { train: true, remat });
        return tf.mean(tf.square(trace?.logits(1) as tf.Tensor));
      })(p);
    const read = async (r: { value: tf.Tensor; grads: Params }) =>
      Object.fromEntries(
        await Promise.all(
          Object.entries({ value: r.value, ...r.grads }).map(
            async ([n, x]) => [n, Array.from(await toArray(x))] as const,
          ),
        ),
      );
    const want = await read(step(false)(params(s), ids()));
    for (const [name, g] of Object.entries(want)) expect(g.every(Number.isFinite), name).toBe(true);
    await useDevice({ kind: 'onnx' });
    for (const remat of [false, true]) {
      const got = await read(await compile(step(remat))(params(s), ids()));
      for (const [name, g] of Object.entries(want)) {
        const scale = Math.max(1, ...g.map(Math.abs));
        const off = Math.max(...g.map((x, i) => Math.abs(x - (got[name]?.[i] ?? Number.NaN))));
        expect(off / scale, `${name}, remat ${remat}`).toBeLessThan(1e-4); // float32 sums in another order
      }
    }
  });
});
