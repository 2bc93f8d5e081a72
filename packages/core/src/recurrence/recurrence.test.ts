// Parameters, shapes and the refusals of the recurrence runtime.
import { useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { modelConfig, ouro } from '../model/config.ts';
import { initParams } from '../model/params.ts';
import { countParams } from '../model/specs.ts';
import { key, randint } from '../rng/random.ts';
import { paramSpecs } from './layout.ts';
import type { Inputs } from './plan.ts';
import { runTrace } from './runTrace.ts';
import { fixedLoops } from './strategies/fixedLoops.ts';
import { loopLM } from './strategies/loopLM.ts';
import { plain } from './strategies/plain.ts';
import { strategies, strategyById } from './strategies/registry.ts';
import type { Strategy } from './strategy.ts';

const small = modelConfig({ vocab: 7, dModel: 8, heads: 2, layers: 2, loops: 3, dFF: 12, initStd: 0.3 });
const inputs = (batch = 2, seq = 5): Inputs => ({
  ids: tf.tensor2d(randint(key(1), batch * seq, small.vocab), [batch, seq], 'int32'),
});
const paramsFor = (config = small, strategy: Strategy = loopLM()) => initParams(paramSpecs(config, strategy), key(0));

beforeAll(() => useDevice({ kind: 'cpu' }));

describe('paramSpecs', () => {
  it.each([
    ['1.4B', 24, 1_434_652_673, 269],
    ['2.6B', 48, 2_667_974_657, 533],
  ] as const)('is Ouro %s: names, shapes and counts of the released checkpoint', (size, layers, scalars, tensors) => {
    const specs = paramSpecs(ouro[size], loopLM());
    const [d, f, v] = [2048, 5632, 49_152];
    const want = new Map<string, readonly number[]>([
      ['model.embed_tokens.weight', [v, d]],
      ['model.norm.weight', [d]],
      ['model.early_exit_gate.weight', [1, d]],
      ['model.early_exit_gate.bias', [1]],
      ['lm_head.weight', [v, d]],
    ]);
    for (let i = 0; i < layers; i++) {
      const at = `model.layers.${i}`;
      for (const p of ['q', 'k', 'v', 'o']) want.set(`${at}.self_attn.${p}_proj.weight`, [d, d]);
      for (const p of ['gate', 'up']) want.set(`${at}.mlp.${p}_proj.weight`, [f, d]);
      want.set(`${at}.mlp.down_proj.weight`, [d, f]);
      for (const n of [
        'input_layernorm',
        'input_layernorm_2',
        'post_attention_layernorm',
        'post_attention_layernorm_2',
      ]) {
        want.set(`${at}.${n}.weight`, [d]);
      }
    }
    expect(new Map(specs.map((s) => [s.name, s.shape]))).toEqual(want);
    expect(specs).toHaveLength(tensors);
    expect(countParams(specs)).toBe(scalars);
  });

  it('keeps decay off norms, biases and the gate', () => {
    const spared = paramSpecs(small, loopLM())
      .filter((s) => !s.decay)
      .map((s) => s.name);
    expect(spared.every((n) => /norm|gate\.(weight|bias)$/.test(n))).toBe(true);
    expect(spared).toContain('model.early_exit_gate.weight');
    expect(spared).not.toContain('model.layers.0.mlp.gate_proj.weight');
  });

  it('names prelude and coda apart and counts the same layer everywhere', () => {
    const count = (change: object) => countParams(paramSpecs({ ...small, ...change }, fixedLoops()));
    const layer = count({ layers: 3 }) - count({});
    expect(count({ prelude: 1 }) - count({})).toBe(layer);
    expect(count({ coda: 1 }) - count({})).toBe(layer + small.dModel); // its final norm
    const names = paramSpecs({ ...small, prelude: 1, coda: 1 }, fixedLoops()).map((s) => s.name);
    expect(names).toContain('model.prelude.0.self_attn.q_proj.weight');
    expect(names).toContain('model.coda.0.mlp.down_proj.weight');
    expect(names).toContain('model.coda_norm.weight');
  });
});

describe('initParams', () => {
  it('does not depend on the order or the number of parameters', async () => {
    const specs = paramSpecs(small, loopLM());
    const a = initParams(specs, key(4));
    const b = initParams([...specs].reverse().slice(0, 9), key(4));
    for (const [name, t] of Object.entries(b)) expect(await t.data()).toEqual(await a[name]?.data());
    expect(await a['model.norm.weight']?.data()).toEqual(new Float32Array(8).fill(1));
    expect(await a['lm_head.weight']?.data()).not.toEqual(await a['model.embed_tokens.weight']?.data());
  });
});

describe('runTrace', () => {
  it('gives a state, a halting logit and a readout for every loop', () => {
    const [trace] = runTrace(small, loopLM(), paramsFor(), inputs(), { train: true });
    expect(trace?.states).toHaveLength(3);
    expect(trace?.halt.map((z) => z.shape)).toEqual([
      [2, 5],
      [2, 5],
      [2, 5],
    ]);
    expect(trace?.logits(1).shape).toEqual([2, 5, 7]);
    expect(trace?.logits(1)).toBe(trace?.logits(1));
    expect(() => trace?.logits(3)).toThrow(/loops 0 to 2/);
  });

  it('at fewer loops is the beginning of the trace at more', async () => {
    const p = paramsFor();
    const [long] = runTrace(small, loopLM(), p, inputs(), { train: false });
    const [short] = runTrace(small, loopLM(), p, inputs(), { train: false, loops: 2 });
    expect(await short?.logits(1).data()).toEqual(await long?.logits(1).data());
  });

  it('does not see the future', async () => {
    const p = paramsFor();
    const ids = randint(key(2), 6, small.vocab);
    const run = (x: Int32Array) =>
      runTrace(small, loopLM(), p, { ids: tf.tensor2d(x, [1, 6], 'int32') }, { train: false })[0]?.logits(2);
    const changed = Int32Array.from(ids, (x, i) => (i === 4 ? (x + 1) % 7 : x));
    const [a, b] = [await run(ids)?.data(), await run(changed)?.data()];
    expect(b?.slice(0, 4 * 7)).toEqual(a?.slice(0, 4 * 7));
    expect(b?.slice(4 * 7)).not.toEqual(a?.slice(4 * 7));
  });

  it('is not changed by padding on the left that is masked', async () => {
    const p = paramsFor();
    const ids = randint(key(2), 4, small.vocab);
    const padded = {
      ids: tf.tensor2d([0, 0, ...ids], [1, 6], 'int32'),
      keyMask: tf.tensor2d([0, 0, 1, 1, 1, 1], [1, 6]),
    };
    const [a] = runTrace(small, loopLM(), p, { ids: tf.tensor2d(ids, [1, 4], 'int32') }, { train: false });
    const [b] = runTrace(small, loopLM(), p, padded, { train: false });
    const [x, y] = [await a?.logits(2).data(), (await b?.logits(2).data())?.slice(2 * 7)];
    expect(maxDiff(x, y)).toBeLessThan(1e-5); // rotary positions are relative; float32
  });

  it('runs prelude, core and coda, whose loops are those of the core', () => {
    const config = { ...small, prelude: 1, coda: 1 };
    const [trace] = runTrace(config, loopLM(), paramsFor(config), inputs(), { train: true });
    expect(trace?.logits(2).shape).toEqual([2, 5, 7]);
  });

  it('freezes tokens at their depth', async () => {
    const depth = tf.tensor2d([1, 2, 3, 1, 2, 3, 3, 2, 1, 1], [2, 5]);
    const [trace] = runTrace(
      small,
      fixedLoops(),
      paramsFor(small, fixedLoops()),
      { ...inputs(), depth },
      { train: false },
    );
    const rows = await Promise.all(trace?.states.map((s) => s.h.array() as Promise<number[][][]>) ?? []);
    expect(rows[2]?.[0]?.[0]).toEqual(rows[0]?.[0]?.[0]);
    expect(rows[2]?.[0]?.[1]).toEqual(rows[1]?.[0]?.[1]);
    expect(rows[1]?.[0]?.[1]).not.toEqual(rows[0]?.[0]?.[1]);
    expect(rows[2]?.[0]?.[2]).not.toEqual(rows[1]?.[0]?.[2]);
  });
});

describe('from', () => {
  it('goes on where a trace was, as if it had never stopped', async () => {
    const p = paramsFor();
    const x = inputs();
    const [whole] = runTrace(small, loopLM(), p, x, { train: false });
    const state = whole?.states[0] as { h: tf.Tensor };
    const [rest] = runTrace(small, loopLM(), p, x, { train: false, from: { state, steps: 1 } });
    expect(rest?.states).toHaveLength(2);
    expect(rest?.plan.steps.map((k) => k.t)).toEqual([1, 2]);
    expect(await rest?.logits(1).data()).toEqual(await whole?.logits(2).data());
    expect(await rest?.residual(0).data()).toEqual(await whole?.residual(1).data());
    const [patched] = runTrace(small, loopLM(), p, x, {
      train: false,
      from: [{ state: { h: tf.mul(state.h, 2) }, steps: 1 }],
    });
    expect(await patched?.logits(1).data()).not.toEqual(await whole?.logits(2).data());
  });

  it('takes no state of another shape, and leaves at least a step', () => {
    const h = tf.zeros([2, 5, 8]);
    const run = (from: { state: { h: tf.Tensor }; steps: number }) =>
      runTrace(small, loopLM(), paramsFor(), inputs(), { train: false, from });
    expect(() => run({ state: { h: tf.zeros([3, 5, 8]) }, steps: 1 })).toThrow(
      /strategy loopLM: from returned 'h' of shape \[3,5,8\]/,
    );
    expect(() => run({ state: { h }, steps: 3 })).toThrow(
      'strategy loopLM: from has 3 steps behind it, the plan has 3; at least one must be left',
    );
  });
});

describe('every strategy of the registry', () => {
  it.each(strategies.map((s) => s.id))('%s is rebuilt from its id and options', (id) => {
    const s = strategyById(id);
    expect(strategyById(s.id, JSON.parse(JSON.stringify(s.options))).options).toEqual(s.options);
  });

  it('names the nearest one', () => {
    expect(() => strategyById('looplm2')).toThrow("there is no strategy 'looplm2'; did you mean 'loopLM'?");
    expect(() => strategyById('loopLM', { exitTreshold: 1 })).toThrow(
      "strategy has no option 'exitTreshold'; did you mean 'exitThreshold'?",
    );
    expect(() => strategyById('plain', { loops: 1 })).toThrow("strategy has no option 'loops'; it takes no options");
  });
});

describe('bad plug-ins', () => {
  const run = (strategy: Strategy) => runTrace(small, strategy, paramsFor(), inputs(), { train: true })[0]?.logits(0);
  const base: Strategy = loopLM();
  it.each<[string, Partial<Strategy>, RegExp]>([
    [
      'wrong state shape',
      { init: (c) => ({ h: tf.squeeze(tf.slice(c.e, [0, 0, 0], [1, 5, 8])) }) },
      /strategy bad: init\(\) returned 'h' of shape \[5,8\]; every leaf of a state must start with \[batch, seq\] = \[2, 5\]/,
    ],
    [
      'state that changes shape',
      { step: (s, _k, c) => ({ h: tf.tile(c.core(s.h as tf.Tensor), [1, 1, 2]) }) },
      /strategy bad: step 0 returned 'h' of shape \[2,5,16\].*init\(\) made it \[2,5,8\]/,
    ],
    [
      'state that changes leaves',
      { step: (s, _k, c) => ({ g: c.core(s.h as tf.Tensor) }) },
      /strategy bad: step 0 returned the leaves g; it must return those of init\(\): h/,
    ],
    [
      'undeclared parameter',
      { read: (s, c) => c.model.param('adapter') ?? s },
      /strategy bad: param\('adapter'\) is not declared; add it to params\(\) \(declared: gate.weight, gate.bias\)/,
    ],
    [
      'depth 0',
      { plan: () => [{ steps: [] }] },
      /strategy bad: plan\(\) returned a trajectory of 0 steps for loops = 3/,
    ],
    ['no trajectory', { plan: () => [] }, /strategy bad: plan\(\) returned no trajectory/],
    ['a step without a core call', { step: (s) => s }, /strategy bad: step 0 called core\(\) 0 times/],
    [
      'an undeclared core',
      { plan: () => [{ steps: [{ core: 'H', t: 0, grad: true }] }] },
      /plan\(\) names the core 'H'/,
    ],
    [
      'a gradient without steps',
      { gradient: { phantom: 0, tau: 1 } },
      /strategy bad: gradient {"phantom":0,"tau":1} takes a whole number of steps >= 1 \(got 0\)/,
    ],
    [
      'a Jacobian without a direction',
      { gives: ['readouts', 'halt', 'jacobian'] },
      /strategy bad: gives lists 'jacobian', but noise\(\) declares no direction to measure along; add \{ name: 'jacobian'/,
    ],
    [
      'a router without terms',
      { gives: ['readouts', 'halt', 'router'] },
      /strategy bad: gives lists 'router', but there is no terms\(\)/,
    ],
    [
      'rows carried for ever',
      { stages: [{ name: 'train', trainable: 'all', carry: 'rows' }] },
      /strategy bad: stages carry rows, but there is no renew\(\)/,
    ],
    [
      'rows renewed and never carried',
      { renew: (s) => tf.slice(s.h as tf.Tensor, [0, 0, 0], [-1, 1, 1]) },
      /strategy bad: renew is there, but no stage has carry: 'rows'/,
    ],
    [
      'a hyper-parameter nobody gave',
      { plan: (c) => [{ steps: [{ core: 'core', t: c.hp('depth'), grad: true }] }] },
      /hp\('depth'\) was not given/,
    ],
    [
      'two views',
      { kv: { ...base.kv, id: 'two', views: () => [{ slots: [0] }, { slots: [1] }] } },
      /strategy bad: kv policy two reads two views in step 0, for which the core 'core' has no gate; set viewGate: true/,
    ],
    [
      'a slot read before it is written',
      { kv: { ...base.kv, id: 'late', views: () => [{ slots: [2] }] } },
      /kv policy late: step 0 reads slot 2, which no step has written yet/,
    ],
    [
      'an adapter that is not there',
      { step: (s, _k, c) => ({ h: c.core(s.h as tf.Tensor, { variant: 1 }) }) },
      /strategy bad: core\(\) was called with variant 1, but the core 'core' has 0 adapters; set adapters: \{ variants: 2/,
    ],
    [
      'adapters of no rank',
      { cores: () => [{ name: 'core', adapters: { variants: 1, rank: 0 } }] },
      /strategy bad: cores gives 'core' adapters \{"variants":1,"rank":0\}; variants and rank must be >= 1/,
    ],
    [
      'a source of keys of the wrong width',
      { step: (s, _k, c) => ({ h: c.core(s.h as tf.Tensor, { kvSource: tf.zeros([2, 5, 4]) }) }) },
      /strategy bad: core\(\) was given kvSource \[2,5,4\]; the core 'core' takes kvSource \[2,5,8\]/,
    ],
    [
      'modulation of the wrong shape',
      { step: (s, _k, c) => ({ h: c.core(s.h as tf.Tensor, { modulation: tf.ones([4, 8]) }) }) },
      /strategy bad: core\(\) was given modulation \[4,8\]; the core 'core' takes modulation \[\d,4,8\]/,
    ],
  ])('%s', (_, change, message) => {
    expect(() => run({ ...base, id: 'bad', ...change })).toThrow(message);
  });

  it('says how to get parameters that are missing', () => {
    const p = paramsFor(small, fixedLoops());
    expect(() => runTrace(small, loopLM(), p, inputs(), { train: true })).toThrow(
      /the parameters lack 'model.early_exit_gate.weight'; make them with initParams/,
    );
  });

  it('refuses plain with loops', () => {
    expect(() => paramSpecs(small, plain())).toThrow(
      'loops must be 1 with strategy plain (got 3); set model.loops to 1',
    );
  });
});

function maxDiff(a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined): number {
  expect(a?.length).toBe(b?.length);
  return Math.max(...Array.from(a ?? [], (x, i) => Math.abs(x - (b?.[i] ?? Number.NaN))));
}
