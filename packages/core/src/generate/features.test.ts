// Cached decoding against the parallel pass for each thing a strategy may ask of the runtime, by the smallest that asks.
import { useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { bernoulli } from '../exit/bernoulli.ts';
import type { ExitRule } from '../exit/exitRule.ts';
import { fixedDepth } from '../exit/fixedDepth.ts';
import { kl } from '../exit/kl.ts';
import { latentChange } from '../exit/latentChange.ts';
import { gatedViews } from '../kv/gatedViews.ts';
import { keepFirst } from '../kv/keepFirst.ts';
import { keepLast } from '../kv/keepLast.ts';
import { keepMean } from '../kv/keepMean.ts';
import type { KvPolicy } from '../kv/kvPolicy.ts';
import { perLoop } from '../kv/perLoop.ts';
import { ring } from '../kv/ring.ts';
import { sharedFirst } from '../kv/sharedFirst.ts';
import { upToDepth } from '../kv/upToDepth.ts';
import { type ModelConfig, modelConfig } from '../model/config.ts';
import { initParams, type Params } from '../model/params.ts';
import { CORE } from '../model/specs.ts';
import { anderson } from '../recurrence/anderson.ts';
import { paramSpecs } from '../recurrence/layout.ts';
import { drawNoise } from '../recurrence/noise.ts';
import { loopPlan } from '../recurrence/plan.ts';
import { runTrace } from '../recurrence/runTrace.ts';
import type { State } from '../recurrence/state.ts';
import { fixedLoops } from '../recurrence/strategies/fixedLoops.ts';
import { loopLM } from '../recurrence/strategies/loopLM.ts';
import type { Strategy } from '../recurrence/strategy.ts';
import { key, randint } from '../rng/random.ts';
import { Decoder, type DecoderOptions } from './decoder.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const config = modelConfig({ vocab: 9, dModel: 8, heads: 2, layers: 2, loops: 4, dFF: 12, initStd: 0.3 });
const [batch, seq] = [3, 6];
const leaf = (s: State, name: string): tf.Tensor => s[name] as tf.Tensor; // each strategy below knows its leaves
const make = (c: ModelConfig, s: Strategy): Params => initParams(paramSpecs(c, s), key(5));
const ids = (): tf.Tensor => tf.tensor2d(randint(key(1), batch * seq, 9), [batch, seq], 'int32');
/** Loops of each token, row-major. */
const someDepths = (): Float32Array => Float32Array.from(randint(key(2), batch * seq, 4), (d) => d + 1);

interface Run {
  logits: Float32Array;
  depths: number[];
}
interface Case {
  config?: ModelConfig;
  options?: DecoderOptions;
  keyMask?: number[];
  limits?: Float32Array;
}

/** Column by column in pieces, or each row at its own pace after a prompt of two tokens. */
async function decode(s: Strategy, c: Case, pieces: readonly number[] | 'apart'): Promise<Run> {
  const model = c.config ?? config;
  const decoder = new Decoder(model, s, make(model, s), { block: 2, key: key(7), exit: fixedDepth(), ...c.options });
  const logits = new Float32Array(batch * seq * 9);
  const depths = new Array<number>(batch * seq).fill(0);
  const put = (row: number, at: number, values: Float32Array, depth: number): void => {
    logits.set(values, (row * seq + at) * 9);
    depths[row * seq + at] = depth;
  };
  for (const n of pieces === 'apart' ? [2] : pieces) {
    const from = decoder.length;
    const cut = (x: tf.Tensor): tf.Tensor => tf.slice(x, [0, from], [batch, n]);
    const limits = c.limits && (await cut(tf.tensor2d(c.limits, [batch, seq])).data());
    const out = await decoder.feed({
      ids: cut(ids()),
      ...(c.keyMask ? { keyMask: cut(tf.tensor2d(c.keyMask, [batch, seq])) } : {}),
      ...(limits ? { limits } : {}),
    });
    const values = (await out.logits.data()) as Float32Array;
    for (let i = 0; i < batch * n; i++)
      put(Math.floor(i / n), from + (i % n), values.subarray(i * 9, (i + 1) * 9), out.depths[i] ?? 0);
  }
  if (pieces === 'apart') {
    const all = await ids().data();
    const at = new Array<number>(batch).fill(2);
    const next = (row: number): { row: number; id: number; limit?: number }[] => {
      const i = row * seq + (at[row] ?? 0);
      if (at[row] === seq) return [];
      return [{ row, id: all[i] ?? 0, ...(c.limits ? { limit: c.limits[i] ?? 0 } : {}) }];
    };
    await decoder.send([0, 1, 2].flatMap(next));
    for (let arrivals = await decoder.advance(); arrivals.length > 0; arrivals = await decoder.advance()) {
      for (const a of arrivals) {
        put(a.row, at[a.row] ?? 0, a.logits, a.depth);
        at[a.row] = (at[a.row] ?? 0) + 1;
      }
      await decoder.send(arrivals.flatMap((a) => next(a.row)));
    }
    expect(at).toEqual([seq, seq, seq]);
  }
  decoder.dispose();
  return { logits, depths };
}

/** A rule that stops tokens where they are told to. */
const atDepths = (depths: Float32Array): ExitRule => ({
  id: 'atDepths',
  options: {},
  needs: [],
  init: () => ({ depths: tf.tensor2d(depths, [batch, seq]) }),
  check: (memory, { loop }) => ({
    memory,
    done: tf.cast(tf.greaterEqual(loop, memory.depths as tf.Tensor), 'float32'),
  }),
});

async function parallel(s: Strategy, c: Case, trajectory = 0): Promise<Run> {
  const model = c.config ?? config;
  const noise = drawNoise(model, s, { batch, seq, loops: model.loops }, key(7));
  const exit = c.limits ? atDepths(c.limits) : c.options?.exit;
  const traces = runTrace(
    model,
    s,
    make(model, s),
    {
      ids: ids(),
      ...(c.keyMask ? { keyMask: tf.tensor2d(c.keyMask, [batch, seq]) } : {}),
    },
    { train: false, noise, ...(exit ? { exit } : {}), ...(c.options?.kv ? { kv: c.options.kv } : {}) },
  );
  const trace = traces[trajectory];
  if (!trace) throw new Error('no trace');
  const loops = trace.plan.steps.flatMap((k, i) => (k.inner ? [] : [trace.active[i] ?? tf.ones([batch, seq])]));
  return {
    logits: (await trace.logits(trace.states.length - 1).data()) as Float32Array,
    depths: [...(await loops.reduce((a, b) => tf.add(a, b)).data())],
  };
}

/** Largest difference, as a share of the largest number if that is above 1; `skip` marks positions that do not count. */
function gap(a: Float32Array, b: Float32Array, counts?: readonly number[]): number {
  const largest = Math.max(1, ...b.map(Math.abs));
  const seen = (i: number): boolean => counts === undefined || counts[Math.floor(i / 9)] === 1;
  return Math.max(...a.map((x, i) => (seen(i) ? Math.abs(x - (b[i] as number)) : 0))) / largest;
}

const ways = [[3, 1, 2], 'apart'] as const;

/** Decoding in every way is the parallel pass (1e-5, float32), depths included. */
async function expectEqual(s: Strategy, c: Case = {}, trajectory = 0): Promise<Run> {
  const want = await parallel(s, c, trajectory);
  for (const way of ways) {
    const got = await decode(s, c, way);
    expect(got.depths, `${way}`).toEqual(want.depths);
    expect(gap(got.logits, want.logits, c.keyMask), `${way}`).toBeLessThan(1e-5);
  }
  return want;
}

/** Two low steps, which nobody reads, to a high one. */
const nested: Strategy = {
  ...fixedLoops(),
  id: 'nested',
  cores: () => [
    { name: 'low', layers: 1 },
    { name: 'high', layers: 1 },
  ],
  plan: ({ loops }) => [
    {
      steps: Array.from({ length: 3 * loops }, (_, t) => ({
        core: t % 3 === 2 ? 'high' : 'low',
        t,
        grad: true,
        ...(t % 3 === 2 ? {} : { inner: true as const }),
      })),
    },
  ],
  init: (c) => ({ L: tf.zerosLike(c.e), H: c.e }), // rules look at L, which inner steps move
  step: (s, k, c) =>
    k.core === 'high'
      ? { L: leaf(s, 'L'), H: c.core(tf.add(leaf(s, 'H'), leaf(s, 'L'))) }
      : { H: leaf(s, 'H'), L: c.core(tf.add(leaf(s, 'L'), tf.add(leaf(s, 'H'), c.e))) },
  read: (s, c) => c.model.head(leaf(s, 'H')),
};

/** Each loop sees what the loop before made of the token before. */
const lagging: Strategy = {
  ...fixedLoops(),
  id: 'lagging',
  step: (s, _k, c) => ({ h: c.core(tf.add(c.e, c.previousToken(leaf(s, 'h'), 'h'))) }),
};

/** A random start by token, a random shift by row and one for the batch. */
const noisy: Strategy = {
  ...fixedLoops(),
  id: 'noisy',
  noise: (c) => [
    { name: 'start', per: 'token', shape: [c.dModel], law: 'normal' },
    { name: 'row', per: 'row', shape: [c.dModel], law: 'normal' },
    { name: 'batch', per: 'batch', shape: [c.dModel], law: 'uniform' },
  ],
  init: (c) => ({ h: tf.add(c.noise('start'), c.noise('batch')) }),
  step: (s, _k, c) => ({ h: c.core(tf.add(c.e, tf.add(leaf(s, 'h'), c.noise('row')))) }),
};

/** Three trajectories from different starts; the second is read in rows that begin with an even token, else the third. */
const chosen = (pick: (c: { first: tf.Tensor }) => tf.Tensor): Strategy => ({
  ...fixedLoops(),
  id: 'chosen',
  gives: ['readouts', 'trajectories'],
  plan: ({ loops }) => [1, 2, 3].map((n) => ({ ...loopPlan(Math.min(loops, 2)), tag: `${n}` })),
  init: (c, plan) => ({ h: tf.mul(c.e, Number(plan.tag)) }),
  choose: (finals) => pick({ first: leaf(finals[0] as State, 'h') }),
});

describe('decoding equals the parallel pass (1e-5, float32)', () => {
  it('with inner steps: depth counts loops, exit is asked at their ends, and the change is that of the loop', async () => {
    await expectEqual(nested);
    await expectEqual(nested, { limits: someDepths() });
    const exit = latentChange({ threshold: 0.3 });
    const { depths } = await expectEqual(nested, { options: { exit } });
    expect(new Set(depths).size, 'the rule must decide differently for different tokens').toBeGreaterThan(1);
    expect(Math.max(...depths)).toBeLessThanOrEqual(4);
  });

  it('with the previous token, for tokens that stop early and behind padding too', async () => {
    await expectEqual(lagging);
    await expectEqual(lagging, { limits: someDepths() });
    await expectEqual({ ...lagging, stationary: undefined as never }, { limits: someDepths() });
    const keyMask = [1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1];
    await expectEqual(lagging, { keyMask });
    const [all, none] = [await parallel(lagging, {}), await parallel(fixedLoops(), {})];
    expect(gap(all.logits, none.logits), 'the previous token must matter').toBeGreaterThan(1e-2);
  });

  it('with noise by token, row and batch, drawn from the same key', async () => {
    await expectEqual(noisy);
    await expectEqual(noisy, { limits: someDepths() });
    const other = await decode(noisy, { options: { key: key(8) } }, 'apart');
    expect(gap(other.logits, (await parallel(noisy, {})).logits)).toBeGreaterThan(1e-2);
  });

  it('with tosses of the gate', async () => {
    const { depths } = await expectEqual(loopLM(), { options: { exit: bernoulli({ seed: 4 }) } });
    expect(new Set(depths).size).toBeGreaterThan(2);
  });

  it('with trajectories that have caches of their own, of which one is read', async () => {
    const always = (n: number): Strategy => chosen(({ first }) => tf.fill([first.shape[0] ?? 0, 1], n, 'int32'));
    for (const n of [0, 2]) await expectEqual(always(n), { limits: someDepths() }, n);
    const [one, two] = [await parallel(always(1), {}, 1), await parallel(always(1), {}, 2)];
    expect(gap(one.logits, two.logits), 'trajectories must differ').toBeGreaterThan(1e-2);
    const { choose: _, ...silent } = always(0);
    await expectEqual(silent, {}, 0);
  });

  it('with a trajectory chosen by row', async () => {
    const want = [
      await parallel(
        chosen(() => tf.zeros([1])),
        {},
        0,
      ),
      await parallel(
        chosen(() => tf.zeros([1])),
        {},
        1,
      ),
    ];
    const byRow = chosen(({ first }) =>
      tf.cast(tf.greater(tf.sum(tf.slice(first, [0, 0, 0], [-1, 1, 1]), 2), 0), 'int32'),
    );
    const got = await decode(byRow, {}, [6]);
    const rows = [0, 1, 2].map((r) =>
      want.map((w) => gap(got.logits.slice(r * 54, (r + 1) * 54), w.logits.slice(r * 54, (r + 1) * 54)) < 1e-5),
    );
    expect(
      rows.every(([a, b]) => a !== b),
      'each row is one trajectory',
    ).toBe(true);
    expect(new Set(rows.map(String)).size, 'rows must choose differently').toBe(2);
  });

  it('with a solver, which says from token to token where a step is evaluated', async () => {
    const solved: Strategy = {
      ...fixedLoops(),
      id: 'solved',
      driver: anderson({ memory: 3 }),
      init: (c) => ({ h: tf.zerosLike(c.e) }),
      step: (s, _k, c) => ({ h: c.core(tf.add(tf.mul(leaf(s, 'h'), 0.03), c.e)) }),
      kv: { ...perLoop(), id: 'one', slot: () => 0, views: () => [{ slots: [0] }] },
    };
    const deep = { ...config, loops: 12 }; // until it has converged: earlier, tokens see others' unfinished keys
    const want = await parallel(solved, { config: deep });
    for (const way of ways) {
      const got = await decode(solved, { config: deep }, way);
      expect(gap(got.logits, want.logits), `${way}`).toBeLessThan(1e-4);
    }
    const own = { ...solved, kv: perLoop() }; // a slot an evaluation: equal at any depth
    await expectEqual(own);
    await expectEqual(own, { limits: someDepths() });
  });

  it.each([
    ['prelude and coda', { ...config, prelude: 1, coda: 1 }],
    ['prelude alone', { ...config, prelude: 2 }],
  ])('with %s, rows at their own pace', async (_, c) => {
    await expectEqual(loopLM(), { config: c });
    await expectEqual(noisy, { config: c, limits: someDepths() });
    await expectEqual(lagging, { config: c, limits: someDepths() });
  });

  it.each([upToDepth(), sharedFirst(), perLoop({ fill: 'none' }), perLoop({ fill: 'compute' }), ring({ slots: 4 })])(
    'with kv policy $id, tokens stopping early',
    async (kv: KvPolicy) => {
      await expectEqual(fixedLoops(), { options: { kv }, limits: someDepths() });
    },
  );

  it('with a window and a gate', async () => {
    const windowed: Strategy = {
      ...fixedLoops(),
      id: 'windowed',
      cores: () => [{ name: CORE, viewGate: true }],
      kv: gatedViews({ window: 2 }),
    };
    await expectEqual(windowed, { limits: someDepths() });
  });
});

describe('rules that read logits', () => {
  it('stop tokens as in the parallel pass where there is no coda', async () => {
    const { depths } = await expectEqual(fixedLoops(), { options: { exit: kl({ threshold: 0.3 }) } });
    expect(new Set(depths).size).toBeGreaterThan(1);
  });

  it("leave the coda's keys of the loop at which a token stops", async () => {
    // The parallel pass shows a loop's readout the unfinished states of other tokens, so depths are its own there; told
    // these depths, it must give the same logits.
    const coda = { ...config, prelude: 1, coda: 2 };
    const options = { exit: kl({ threshold: 0.3 }) };
    const own = await decode(fixedLoops(), { config: coda, options }, [1, 1, 1, 1, 1, 1]);
    expect(new Set(own.depths).size).toBeGreaterThan(1);
    const want = await parallel(fixedLoops(), { config: coda, limits: Float32Array.from(own.depths) });
    expect(gap(own.logits, want.logits)).toBeLessThan(1e-5);
    const apart = await decode(fixedLoops(), { config: coda, options }, 'apart');
    expect(apart.depths.slice(0, 2), 'the prompt is one call here').toBeDefined();
  });
});

describe('a policy that keeps one slot', () => {
  it('shows tokens of one call what each loop wrote, later ones the mean', async () => {
    const options = { kv: keepMean() };
    const all = await decode(fixedLoops(), { options }, [6]);
    expect(gap(all.logits, (await parallel(fixedLoops(), {})).logits)).toBeLessThan(1e-5);
    const [single, apart] = [
      await decode(fixedLoops(), { options }, [2, 1, 1, 1, 1]),
      await decode(fixedLoops(), { options }, 'apart'),
    ];
    expect(gap(single.logits, all.logits)).toBeGreaterThan(1e-3);
    expect(gap(apart.logits, single.logits)).toBeLessThan(1e-5);
  });

  it('leaves a prompt all of its slots where it is asked to', async () => {
    const whole = { kv: keepLast({ prompt: 'every' }) };
    const all = await parallel(fixedLoops(), {});
    // after the prompt one token, whose last slot only later ones would miss
    expect(gap((await decode(fixedLoops(), { options: whole }, [5, 1])).logits, all.logits)).toBeLessThan(1e-5);
    expect(gap((await decode(fixedLoops(), { options: whole }, [4, 1, 1])).logits, all.logits)).toBeGreaterThan(1e-3);
    // tokens that come one by one are no prompt
    const [one, every] = [keepLast(), keepLast({ prompt: 'every' })];
    const single = [1, 1, 1, 1, 1, 1];
    const [a, b] = [
      await decode(fixedLoops(), { options: { kv: one } }, single),
      await decode(fixedLoops(), { options: { kv: every } }, single),
    ];
    expect(gap(a.logits, b.logits)).toBeLessThan(1e-6);
  });

  it('is the same whichever it keeps of tokens that leave after one loop', async () => {
    const limits = Float32Array.from({ length: batch * seq }, (_, i) => (i % seq === seq - 1 ? 4 : 1));
    const under = (kv: KvPolicy) => decode(fixedLoops(), { limits, options: { kv } }, 'apart');
    const prompt = { prompt: 'every' } as const;
    const first = await under(keepFirst(prompt));
    for (const kv of [keepLast(prompt), keepMean(prompt)])
      expect(gap((await under(kv)).logits, first.logits)).toBeLessThan(1e-6);
  });
});

describe('rows at their own pace', () => {
  it('are computed together whatever their loops: two rows of two and four loops take four steps for three tokens', async () => {
    const decoder = new Decoder(config, fixedLoops(), make(config, fixedLoops()), { exit: fixedDepth() });
    await decoder.feed({ ids: tf.zeros([2, 1], 'int32') });
    await decoder.send([
      { row: 0, id: 1, limit: 2 },
      { row: 1, id: 1 },
    ]);
    expect((await decoder.advance()).map(({ row, depth }) => [row, depth])).toEqual([[0, 2]]);
    await decoder.send([{ row: 0, id: 2, limit: 2 }]);
    const both = await decoder.advance();
    expect(new Map(both.map(({ row, depth }) => [row, depth]))).toEqual(
      new Map([
        [0, 2],
        [1, 4],
      ]),
    );
    expect(await decoder.advance()).toEqual([]);
    decoder.dispose();
  });

  it('begin anew after a reset', async () => {
    const s = lagging;
    const decoder = new Decoder(config, s, make(config, s), { exit: fixedDepth() });
    const read = async () => [...(await (await decoder.feed({ ids: ids() })).logits.data())];
    const first = await read();
    await decoder.feed({ ids: tf.zeros([batch, 1], 'int32') });
    await decoder.send([{ row: 1, id: 2 }]);
    decoder.reset();
    expect(decoder.length).toBe(0);
    expect(await read()).toEqual(first);
    decoder.dispose();
  });

  it('are refused where they cannot go', async () => {
    const decoder = new Decoder(config, fixedLoops(), make(config, fixedLoops()));
    await expect(decoder.send([{ row: 0, id: 1 }])).rejects.toThrow(
      'the decoder has no row 0; feed the batch its prompts first',
    );
    await decoder.feed({ ids: tf.zeros([2, 1], 'int32') });
    await expect(decoder.send([{ row: 2, id: 1 }])).rejects.toThrow('the decoder has no row 2');
    await expect(decoder.send([{ row: 0, id: 9 }])).rejects.toThrow('token ids must be 0 to 8 (got 9)');
    await expect(decoder.send([{ row: 0, id: 1, limit: 0 }])).rejects.toThrow('depth must be >= 1');
    await decoder.send([{ row: 0, id: 1 }]);
    await expect(decoder.send([{ row: 0, id: 1 }])).rejects.toThrow('row 0 has a token under way');
    await expect(decoder.feed({ ids: tf.zeros([2, 1], 'int32') })).rejects.toThrow('cannot be fed together');
    decoder.dispose();
    expect(() => new Decoder(config, noisy, make(config, noisy))).toThrow(
      'strategy noisy: draws noise, and the decoder has no key; pass key: key(seed)',
    );
    const blind: KvPolicy = { ...perLoop(), id: 'blind', views: () => [{ slots: [9] }] };
    const s = { ...fixedLoops(), kv: blind };
    await expect(new Decoder(config, s, make(config, s)).feed({ ids: ids() })).rejects.toThrow(
      'kv policy blind: step 0 reads slot 9, which no step has written yet',
    );
    const kept: KvPolicy = {
      ...keepMean(),
      id: 'kept',
      slot: (t) => (t === 0 ? 0 : null),
      views: () => [{ slots: [0] }],
    };
    const k = { ...fixedLoops(), kv: kept };
    await expect(new Decoder(config, k, make(config, k)).feed({ ids: ids() })).rejects.toThrow(
      'kv policy kept: step 1 reads a slot that it does not write',
    );
  });
});
