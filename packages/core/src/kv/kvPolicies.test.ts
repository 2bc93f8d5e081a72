// Every KV policy: what it lets a loop see, whether decoding equals the parallel pass, and what it costs in memory.
import { compile, ropeTables, toArray, useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { Decoder } from '../generate/decoder.ts';
import { bindParams } from '../model/bind.ts';
import { modelConfig } from '../model/config.ts';
import type { KeyValue, VisibleKeys } from '../model/layer.ts';
import { initParams, type Params } from '../model/params.ts';
import { CORE } from '../model/specs.ts';
import { ownNames, paramSpecs, stacksOf } from '../recurrence/layout.ts';
import { beginPass } from '../recurrence/pass.ts';
import { loopPlan } from '../recurrence/plan.ts';
import { runTrace } from '../recurrence/runTrace.ts';
import { fixedLoops, type Hidden } from '../recurrence/strategies/fixedLoops.ts';
import type { Strategy } from '../recurrence/strategy.ts';
import { key, randint } from '../rng/random.ts';
import { kvBytesPerToken } from './kvBytes.ts';
import { kvPolicies, kvPolicyById } from './kvPolicies.ts';
import { type KvPolicy, readSlots } from './kvPolicy.ts';
import { type KvAccess, KvSession } from './kvSession.ts';
import { perLoop } from './perLoop.ts';

beforeEach(() => useDevice({ kind: 'cpu' }));

const config = modelConfig({ vocab: 9, dModel: 8, heads: 2, layers: 2, loops: 3, dFF: 12, initStd: 0.3 });
const [batch, seq] = [2, 7];
const ids = () => tf.tensor2d(randint(key(1), batch * seq, 9), [batch, seq], 'int32');
const under = (kv: KvPolicy): Strategy<Hidden> => ({
  ...fixedLoops(),
  id: kv.id,
  cores: () => [{ name: CORE, ...(kv.id === 'gatedViews' ? { viewGate: true as const } : {}) }],
  kv,
});
const params = async (s: Strategy<Hidden>): Promise<Params> => {
  const p = initParams(paramSpecs(config, s), key(5));
  const gate = Object.keys(p).filter((n) => n.includes('view_gate'));
  return { ...p, ...Object.fromEntries(gate.map((n, i) => [n, tf.fill((p[n] as tf.Tensor).shape, 0.3 * (i - 1))])) };
};
const gap = async (a: tf.Tensor, b: tf.Tensor): Promise<number> => {
  const [x, y] = [await toArray(a), await toArray(b)];
  expect(x.length).toBe(y.length);
  return Math.max(...Array.from(x, (v, i) => Math.abs(v - (y[i] as number))));
};
const parallel = (s: Strategy<Hidden>, p: Params): tf.Tensor => {
  const [trace] = runTrace(config, s, p, { ids: ids() }, { train: false });
  return trace?.logits(config.loops - 1) as tf.Tensor; // one trajectory
};
async function decoded(s: Strategy<Hidden>, p: Params, pieces: readonly number[]): Promise<tf.Tensor> {
  const decoder = new Decoder(config, s, p, { block: 3 });
  const parts: tf.Tensor[] = [];
  for (const n of pieces)
    parts.push((await decoder.feed({ ids: tf.slice(ids(), [0, decoder.length], [batch, n]) })).logits);
  decoder.dispose();
  return tf.concat(parts, 1);
}
const small = { gatedViews: { window: 2 }, ring: { slots: 2 } } as Readonly<Record<string, object>>;
const policies = kvPolicies.map(({ id }) => kvPolicyById(id, { ...small[id] }));

describe.each(policies)('$id', (kv) => {
  it('decodes as the parallel pass (1e-5, float32), or differs and says why', async () => {
    const s = under(kv);
    const p = await params(s);
    const want = parallel(s, p);
    expect(await gap(await decoded(s, p, [seq]), want), 'all in one call').toBeLessThan(1e-5);
    const apart = Math.max(
      await gap(await decoded(s, p, [1, 1, 1, 1, 1, 1, 1]), want),
      await gap(await decoded(s, p, [4, 1, 2]), want),
    );
    if (kv.inexact === undefined) expect(apart).toBeLessThan(1e-5);
    else expect(apart).toBeGreaterThan(1e-3);
  });

  it('computes compiled what it computes eagerly (1e-5, float32)', async () => {
    const s = under(kv);
    const want = await toArray(parallel(s, await params(s)));
    await useDevice({ kind: 'onnx' });
    const got = await toArray(await compile((p: Params) => parallel(s, p))(await params(s)));
    expect(Math.max(...Array.from(got, (v, i) => Math.abs(v - (want[i] as number))))).toBeLessThan(1e-5);
  });

  it('is rebuilt from its id and options', () => {
    const again = kvPolicyById(kv.id, JSON.parse(JSON.stringify(kv.options)));
    expect(again.options).toEqual(kv.options);
    for (const t of [0, 1, 2, 3]) {
      expect(again.views(t)).toEqual(kv.views(t));
      expect(again.slot(t)).toBe(kv.slot(t));
    }
  });

  it('shows no token the future, nor another row', async () => {
    const s = under(kv);
    const p = await params(s);
    const other = tf.tensor2d(
      (await ids().data()).map((x, i) => (i < 4 ? x : (x + 1) % 9)),
      [batch, seq],
      'int32',
    );
    const [trace] = runTrace(config, s, p, { ids: other }, { train: false });
    const cut = (x: tf.Tensor) => tf.slice(x, [0, 0, 0], [1, 4, -1]);
    expect(await gap(cut(trace?.logits(2) as tf.Tensor), cut(parallel(s, p)))).toBeLessThan(1e-6);
  });
});

describe('what each one shows', () => {
  it('with a window of one token in every view, a token is alone', async () => {
    const s = under({ ...perLoop(), id: 'alone', views: (t) => [{ slots: [t], window: 1 }] });
    const p = await params(s);
    const each = await Promise.all(
      Array.from({ length: seq }, async (_, i) => {
        const [trace] = runTrace(config, s, p, { ids: tf.slice(ids(), [0, i], [batch, 1]) }, { train: false });
        return trace?.logits(2) as tf.Tensor;
      }),
    );
    expect(await gap(parallel(s, p), tf.concat(each, 1))).toBeLessThan(1e-5); // rotary positions are relative
  });

  it('the same slot twice is the same as once', async () => {
    const twice = under({ ...perLoop(), id: 'twice', views: (t) => [{ slots: [t, t] }] });
    const p = await params(twice);
    expect(await gap(parallel(twice, p), parallel(under(perLoop()), p))).toBeLessThan(1e-5);
  });

  it('a ring with a slot for every loop is a slot a loop', async () => {
    const s = under(kvPolicyById('ring', { slots: 3 }));
    const p = await params(s);
    expect(await gap(await decoded(s, p, [4, 1, 2]), parallel(s, p))).toBeLessThan(1e-5);
  });

  it('a window as long as the text hides nothing', async () => {
    const s = under({ ...perLoop(), id: 'wide', views: (t) => [{ slots: [t], window: seq }] });
    const p = await params(s);
    expect(await gap(parallel(s, p), parallel(under(perLoop()), p))).toBe(0);
  });

  it.each(['keepFirst', 'keepLast', 'keepMean'])(
    '%s: the next token finds that slot in place of every slot',
    async (id) => {
      const s = under(kvPolicyById(id));
      const p = await params(s);
      const weights = bindParams(p, stacksOf(config, s), ownNames(config, s));
      const run = (kv: KvAccess, from: number, n: number): tf.Tensor => {
        const inputs = { ids: tf.slice(ids(), [0, from], [batch, n]) };
        const rope = (dHead: number) => ropeTables(n, dHead, config.ropeTheta, from);
        const pass = beginPass({ config, strategy: s, weights, inputs, kv, loops: 3, train: false, rope });
        let state = pass.init(loopPlan(3));
        for (const k of loopPlan(3).steps) state = pass.advance(state, k, undefined).state;
        return pass.read(state);
      };
      const prompt = new KvSession(perLoop());
      run(prompt, 0, seq - 1);
      const slots = [0, 1, 2].map((t) => prompt.written.get(`core/${t}`)?.layers as KeyValue[]);
      const pick = (l: number, x: 'k' | 'v'): tf.Tensor => {
        const all = slots.map((layers) => layers[l]?.[x] as tf.Tensor);
        if (id === 'keepMean') return tf.div(tf.addN(all as tf.Tensor3D[]), 3);
        return all[id === 'keepFirst' ? 0 : 2] as tf.Tensor;
      };
      const decoder = new Decoder(config, s, p);
      await decoder.feed({ ids: tf.slice(ids(), [0, 0], [batch, seq - 1]) });
      const got = await decoder.feed({ ids: tf.slice(ids(), [0, seq - 1], [batch, 1]) });
      decoder.dispose();
      // Every loop of the next token sees the same keys, and its own.
      const after = (i: number) => (fresh: () => KeyValue) => {
        const own = fresh();
        return [{ k: tf.concat([pick(i, 'k'), own.k], 1), v: tf.concat([pick(i, 'v'), own.v], 1) }];
      };
      const kept: KvAccess = {
        policy: perLoop(),
        step: () => after,
        once: () => after,
        selfContained: () => undefined,
      };
      expect(await gap(got.logits, run(kept, seq - 1, 1))).toBeLessThan(1e-5);
    },
  );

  it('upToDepth: loop t sees t + 1 keys of a token that went on, fewer of one that stopped', async () => {
    const session = new KvSession(kvPolicyById('upToDepth'));
    const fresh = (): KeyValue => ({ k: tf.ones([1, 2, 4]), v: tf.ones([1, 2, 4]) });
    const active = tf.tensor2d([[1, 0]]);
    const at = (t: number): VisibleKeys => session.step(CORE, t, t > 0 ? { active } : {})(0)(fresh)[0] as VisibleKeys; // one view
    expect(at(0).bias).toBeUndefined();
    const { k, keyMask, bias } = at(1);
    expect(k.shape).toEqual([1, 4, 4]);
    expect([...(await (keyMask as tf.Tensor).data())]).toEqual([1, 1, 1, 0]);
    expect((await (bias as tf.Tensor).data()).map((x) => (x === 0 ? 1 : 0))).toEqual(
      Float32Array.of(1, 0, 1, 0, 1, 1, 1, 1),
    );
  });
});

describe('kvBytesPerToken', () => {
  // 2 layers, keys and values of 8 float32 each
  const slot = 2 * 2 * 8 * 4;
  it.each([
    ['perLoop', {}, 3],
    ['keepFirst', {}, 1],
    ['keepLast', {}, 1],
    ['keepMean', {}, 1],
    ['ring', { slots: 2 }, 2],
    ['ring', { slots: 5 }, 3],
    ['sharedFirst', {}, 1],
    ['selective', {}, 3],
    ['upToDepth', {}, 3],
    ['gatedViews', {}, 1],
  ] as const)('%s %j: %d slots of 3 loops', (id, options, slots) => {
    expect(kvBytesPerToken(config, fixedLoops(), kvPolicyById(id, options))).toBe(slots * slot);
  });

  it('counts the share of windows, prelude and coda, and other loops', () => {
    const kv = kvPolicyById('gatedViews', { window: 10 });
    expect(kvBytesPerToken(config, fixedLoops(), kv, 3, 100)).toBeCloseTo(slot * (1 + 2 * 0.1), 9);
    expect(kvBytesPerToken(config, fixedLoops(), kv, 3, 5)).toBe(3 * slot);
    expect(kvBytesPerToken({ ...config, prelude: 1, coda: 2 }, fixedLoops(), perLoop(), 5)).toBe(5.5 * slot + slot);
  });
});

describe('bad policies', () => {
  const bad = (change: Partial<KvPolicy>) => () =>
    parallel(under({ ...perLoop(), id: 'bad', ...change }), initParams(paramSpecs(config, fixedLoops()), key(5)));
  it.each<[Partial<KvPolicy>, string]>([
    [{ views: () => [] }, 'kv policy bad: views(0) returned 0 views; return one'],
    [{ views: () => [{ slots: [] }] }, 'kv policy bad: views(0) has a view of no slots; name the slots'],
    [{ views: (t) => [{ slots: [t], window: 0 }] }, 'kv policy bad: views(0) has window 0; a window is a whole number'],
    [{ views: () => [{ slots: [0, 1] }] }, 'kv policy bad: step 0 reads slot 1, which no step has written yet'],
    [{ keep: 'last', views: () => [{ slots: [0, 1] }] }, "views(0) names several slots; keep: 'last' leaves one"],
  ])('%j: %s', (change, message) => {
    expect(bad(change)).toThrow(message);
  });

  it('are named in the registry', () => {
    expect(() => kvPolicyById('perloop')).toThrow("there is no kv policy 'perloop'; did you mean 'perLoop'?");
    expect(() => kvPolicyById('ring', { slots: 0 })).toThrow('slots must be >= 1 (got 0); set kv.slots');
    expect(() => kvPolicyById('keepLast', { fill: 'none' })).toThrow("kv has no option 'fill'; it takes prompt");
    expect(() => kvPolicyById('sharedFirst', { fill: 'none' })).toThrow("kv has no option 'fill'; it takes no options");
    for (const { schema } of kvPolicies)
      for (const [name, option] of Object.entries(schema.shape)) expect(option.description, name).toBeTruthy();
    expect(readSlots(kvPolicyById('gatedViews'), 2)).toEqual([0, 2]);
  });
});
