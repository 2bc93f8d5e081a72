// HRM, TRM and EqR: segments, what carries gradient, carried rows, when a row is done, and the choice among starts.
import { compile, useDevice, valueAndGrad } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { modelConfig } from '../../model/config.ts';
import { initParams, type Params } from '../../model/params.ts';
import { fold, key, normal, randint } from '../../rng/random.ts';
import { paramSpecs } from '../layout.ts';
import { drawNoise, type Noise } from '../noise.ts';
import { isLoop, type Micro } from '../plan.ts';
import { chosenTrajectory, renewedRows, runTrace, runWithContext } from '../runTrace.ts';
import type { Strategy } from '../strategy.ts';
import { eqr, type Settling } from './eqr.ts';
import { hrm } from './hrm.ts';
import type { Nested } from './segments.ts';
import { trm } from './trm.ts';

beforeEach(() => useDevice({ kind: 'cpu' }));

const [batch, seq] = [3, 4];
const config = modelConfig({ vocab: 6, dModel: 8, heads: 2, layers: 1, loops: 4, dFF: 8, initStd: 0.3 });
const inputs = () => ({ ids: tf.tensor2d(randint(key(1), batch * seq, 6), [batch, seq], 'int32') });
const noiseOf = (s: Strategy<never>, seed = 3): Noise =>
  drawNoise(config, s as unknown as Strategy, { batch, seq, loops: config.loops }, key(seed));
/** Parameters with a halting head that says different things for different tokens. */
const paramsOf = (s: Strategy<never>): Params => {
  const made = initParams(paramSpecs(config, s as unknown as Strategy), key(2));
  const name = `strategy.${s.id}.q.weight`;
  const shape = made[name]?.shape ?? [];
  return {
    ...made,
    [name]: tf.tensor(
      normal(
        fold(key(2), 'q'),
        shape.reduce((a, b) => a * b, 1),
      ),
      shape,
    ),
  };
};
const planOf = (s: Pick<Strategy<Nested>, 'plan'>, train: boolean, loops = 4): readonly Micro[] =>
  s.plan({ config, loops, train, hp: () => 0 })[0]?.steps ?? [];

const nets = [
  ['hrm', hrm({ cycles: 2, lowCycles: 2 })],
  ['trm', trm({ cycles: 2, lowCycles: 2 })],
  ['eqr', eqr({ cycles: 2, lowCycles: 2 }) as unknown as Strategy<Nested>],
] as const;

describe('plans', () => {
  it('HRM: N (T + 1) steps a segment, gradient through the last of each kind, and a segment to look ahead to', () => {
    const steps = planOf(hrm(), true);
    expect(steps.map((k) => k.core).join('')).toBe('LLHLLH'.repeat(2));
    expect(steps.flatMap((k, t) => (k.grad ? [t] : []))).toEqual([4, 5]);
    expect(steps.flatMap((k, t) => (k.ahead ? [t] : []))).toEqual([6, 7, 8, 9, 10, 11]);
    expect(steps.filter(isLoop)).toHaveLength(1);
    expect(planOf(hrm({ lookAhead: false }), true)).toHaveLength(6);
    const evaluated = planOf(hrm(), false, 16);
    expect(evaluated).toHaveLength(16 * 6);
    expect(evaluated.filter(isLoop).map((k) => k.t)).toEqual(Array.from({ length: 16 }, (_, i) => 6 * i + 5));
  });

  it('TRM: T (n + 1) steps a segment, the last recursion with gradient', () => {
    const steps = planOf(trm(), true);
    expect(steps).toHaveLength(21);
    expect(steps.flatMap((k, t) => (k.grad ? [t] : []))).toEqual([14, 15, 16, 17, 18, 19, 20]);
    expect(planOf(trm({ segments: 2 }), true).filter((k) => k.grad)).toHaveLength(14);
  });
});

describe.each(nets)('%s', (_, s) => {
  const noise = () => noiseOf(s as unknown as Strategy<never>);
  const params = () => paramsOf(s as unknown as Strategy<never>);

  it('carried over updates, makes the segments that evaluation makes in one go', async () => {
    const given = { noise: noise() };
    const [whole] = runTrace(config, s, params(), inputs(), { train: false, ...given });
    const [first] = runTrace(config, s, params(), inputs(), { train: true, ...given });
    const one = first?.states.at(-1) as Nested;
    const [second] = runTrace(config, s, params(), inputs(), {
      ...{ train: true, ...given },
      carry: { state: one, fresh: tf.tensor2d([0, 1, 0], [3, 1]) },
    });
    const two = second?.states.at(-1) as Nested;
    const rows = async (x: tf.Tensor, r: number) => [...(await tf.slice(x, [r, 0, 0], [1, -1, -1]).data())];
    expect(await rows(one.H, 1)).toEqual(await rows(whole?.states[0]?.H as tf.Tensor, 1));
    const near = async (a: tf.Tensor, b: tf.Tensor, r: number) => {
      const [x, y] = [await rows(a, r), await rows(b, r)];
      x.forEach((v, i) => {
        expect(v).toBeCloseTo(y[i] as number, 5);
      });
    };
    // EqR's noise is turned by the number of the step, which starts anew with an update; without it, the same numbers
    if (s.id !== 'eqr') for (const r of [0, 2]) await near(two.H, whole?.states[1]?.H as tf.Tensor, r);
    expect(await rows(two.H, 1)).toEqual(await rows(one.H, 1)); // begun anew
    expect([...(await two.segments.data())]).toEqual([2, 2, 2, 2, 1, 1, 1, 1, 2, 2, 2, 2]);
  });

  it('has the gradient of the steps with gradient alone', async () => {
    const given = { noise: noise(), train: true } as const;
    const steps = planOf(s, true);
    const cut = steps.findIndex((k) => k.grad);
    const [whole] = runTrace(config, s, params(), inputs(), given);
    const before = await stateBefore(cut);
    /** The state before step `t`, by a strategy whose segment ends there. */
    async function stateBefore(t: number): Promise<Nested> {
      const shown: Strategy<Nested> = {
        ...s,
        plan: (c) =>
          s.plan(c).map((p) => ({ steps: p.steps.slice(0, t).map(({ inner: _i, ...k }) => ({ ...k, grad: false })) })),
        step: (x, k, c) => s.step(x, { ...k, ...(steps[k.t]?.inner ? { inner: true as const } : {}) }, c),
      };
      return runTrace(config, shown, params(), inputs(), given)[0]?.states.at(-1) as Nested;
    }
    const weight = tf.tensor(normal(key(8), batch * seq * 8), [batch, seq, 8]);
    const gradients = (from: boolean) => {
      const f = (p: Params) => {
        const more = from ? { from: { state: before, steps: cut } } : {};
        const [trace] = runTrace(config, s, p, inputs(), { ...given, ...more });
        return tf.sum(tf.mul(trace?.states[0]?.H as tf.Tensor, weight));
      };
      return valueAndGrad(f)(params()).grads as Params;
    };
    const [a, b] = [gradients(false), gradients(true)];
    for (const [name, g] of Object.entries(a)) {
      const want = [...((await b[name]?.data()) ?? [])];
      [...(await g.data())].forEach((x, i) => {
        expect(x, name).toBeCloseTo(want[i] as number, 5);
      });
    }
    expect(whole?.states).toHaveLength(1);
  });

  it('trains compiled as eagerly', async () => {
    const f = (p: Params, ids: tf.Tensor, given: Noise) => {
      const { traces, ctx } = runWithContext(config, s, p, { ids }, { train: true, noise: given });
      const [trace] = traces;
      if (!trace) throw new Error('no trajectory');
      return { done: renewedRows(s, trace, ctx), logits: trace.logits(0), halt: trace.halt[0] as tf.Tensor };
    };
    const read = async (out: ReturnType<typeof f>) =>
      Promise.all([out.done, out.logits, out.halt].map(async (x) => [...(await x.data())]));
    const want = await read(f(params(), inputs().ids, noise()));
    await useDevice({ kind: 'onnx' });
    const got = await read(await compile(f)(params(), inputs().ids, noise()));
    got.forEach((xs, i) => {
      xs.forEach((x, j) => {
        expect(x).toBeCloseTo(want[i]?.[j] as number, 4);
      });
    });
  });
});

describe('a row is done', () => {
  /** Flags of three rows that have made so many segments, with a draw for each row. */
  async function done(s: Strategy<Nested>, stop: number, made: number[], explore: number[][], weights?: tf.Tensor) {
    const p = { ...paramsOf(s as unknown as Strategy<never>) };
    const n = s.gives.includes('goOn') ? 2 : 1;
    p[`strategy.${s.id}.q.weight`] = tf.zeros([n, 8]);
    p[`strategy.${s.id}.q.bias`] = tf.tensor1d(n === 2 ? [stop, 0] : [stop]);
    const noise = { ...noiseOf(s as unknown as Strategy<never>), explore: tf.tensor3d(explore.flat(), [3, 1, 2]) };
    const state = {
      H: tf.zeros([3, 4, 8]),
      L: tf.zeros([3, 4, 8]),
      segments: tf.mul(tf.tensor2d(made, [3, 1]), tf.ones([3, 4])),
    };
    const given = { ...inputs(), ...(weights ? { weights } : {}) };
    const carry = { state, fresh: tf.zeros([3, 1]) };
    const { traces, ctx } = runWithContext(config, s, p, given, { train: true, noise, carry });
    const [trace] = traces;
    return trace ? [...(await renewedRows(s, trace, ctx).data())] : [];
  }
  const free = [
    [0.5, 0],
    [0.5, 0.5],
    [0.1, 0.99],
  ];
  const both = [hrm({ lookAhead: false }), trm()];

  it('when it has made all segments, or its tokens want to stop', async () => {
    for (const s of both) {
      expect(await done(s, -1, [0, 2, 3], free)).toEqual([0, 0, 1]); // the update makes one more
      expect(await done(s, 1, [0, 0, 0], free)).toEqual([1, 1, 1]);
    }
  });

  it('not before the number of segments that was drawn', async () => {
    // drawn below the exploration of 0.1: at least 2 + floor(3 u) of 4 segments
    const held = [
      [0.05, 0],
      [0.05, 0.5],
      [0.05, 0.99],
    ];
    for (const s of both) {
      expect(await done(s, 1, [0, 0, 0], held)).toEqual([0, 0, 0]);
      expect(await done(s, 1, [1, 1, 1], held)).toEqual([1, 0, 0]);
      expect(await done(s, 1, [2, 2, 2], held)).toEqual([1, 1, 0]);
      expect(await done(s, 1, [3, 3, 3], held)).toEqual([1, 1, 1]);
    }
  });

  it('whatever its tokens say that are not scored', async () => {
    const s = trm();
    const p = paramsOf(s as unknown as Strategy<never>);
    const noise = { ...noiseOf(s as unknown as Strategy<never>), explore: tf.ones([3, 1, 2]) };
    const { traces } = runWithContext(config, s, p, inputs(), { train: true, noise });
    const says = (await traces[0]?.halt[0]?.add(5).data()) ?? []; // at a bias of 0
    const wants = Array.from(says, (x) => (x > 0 ? 1 : 0));
    expect(new Set(wants).size).toBe(2);
    const q = { ...p, 'strategy.trm.q.bias': tf.zeros([1]) };
    const flags = async (weights: tf.Tensor) => {
      const run = runWithContext(config, s, q, { ...inputs(), weights }, { train: true, noise });
      const [trace] = run.traces;
      return trace ? [...(await renewedRows(s, trace, run.ctx).data())] : [];
    };
    expect(await flags(tf.tensor2d(wants, [3, 4]))).toEqual([1, 1, 1]);
    const row = (r: number) => wants.slice(4 * r, 4 * r + 4);
    expect(await flags(tf.ones([3, 4]))).toEqual([0, 1, 2].map((r) => (row(r).includes(0) ? 0 : 1)));
  });
});

describe('HRM looks ahead', () => {
  it('to the halting values of the next segment, and to nothing beyond the last', async () => {
    const s = hrm();
    const p = paramsOf(s as unknown as Strategy<never>);
    const given = { noise: noiseOf(s as unknown as Strategy<never>) };
    const [now] = runTrace(config, s, p, inputs(), { train: true, ...given });
    const [later] = runTrace(config, s, p, inputs(), { train: false, ...given });
    expect([...((await now?.ahead?.halt.data()) ?? [])]).toEqual([...((await later?.halt[1]?.data()) ?? [])]);
    expect([...((await now?.ahead?.goOn.data()) ?? [])]).toEqual([...((await later?.goOn?.[1]?.data()) ?? [])]);
    expect(now?.states).toHaveLength(1);
    const end = { ...(now?.states[0] as Nested), segments: tf.fill([batch, seq], 3) };
    const carry = { state: end, fresh: tf.zeros([3, 1]) };
    const [last] = runTrace(config, s, p, inputs(), { train: true, ...given, carry });
    expect(new Set(await last?.ahead?.goOn.data())).toEqual(new Set([-30])); // a fifth of four segments
    expect([...((await last?.goOn?.[0]?.data()) ?? [])].every((x) => x > -30)).toBe(true);
  });
});

describe('steps ahead', () => {
  it('are made in training only, whatever a plan says', () => {
    const s = hrm();
    const eager = { ...s, plan: (c: Parameters<typeof s.plan>[0]) => s.plan({ ...c, train: true }) };
    const p = paramsOf(eager as unknown as Strategy<never>);
    const given = { noise: noiseOf(eager as unknown as Strategy<never>) };
    const of = (train: boolean) => runTrace(config, eager, p, inputs(), { train, ...given })[0];
    expect(of(true)?.ahead).toBeDefined();
    expect(of(false)?.ahead).toBeUndefined();
    expect(of(false)?.active).toHaveLength(of(true)?.plan.steps.filter((k) => !k.ahead).length ?? 0);
  });
});

describe('EqR', () => {
  it('is TRM from another start, damped, with noise', async () => {
    const [lambda, noise] = [0.7, 0.2];
    const s = eqr({ lambda, noise, cycles: 1, lowCycles: 1 });
    const p = paramsOf(s as unknown as Strategy<never>);
    const given = noiseOf(s as unknown as Strategy<never>);
    const [trace] = runTrace(config, s, p, inputs(), { train: true, noise: given });
    // the undamped steps from the same states, by TRM's own
    const plain: Strategy<Nested> = { ...trm({ cycles: 1, lowCycles: 1 }), id: 'eqr' };
    const at = (name: string) => given[name] as tf.Tensor;
    const start = { H: at('H0'), L: at('L0'), segments: tf.zeros([batch, seq]) };
    const run = (state: Nested, t: number): Nested => {
      const one: Strategy<Nested> = { ...plain, plan: () => [{ steps: [{ core: 'core', t, grad: true }] }] };
      const from = { state, steps: 0 };
      return runTrace(config, one, p, inputs(), { train: true, noise: given, from })[0]?.states[0] as Nested;
    };
    const mixed = (old: tf.Tensor, f: tf.Tensor, xi: tf.Tensor) =>
      tf.add(tf.add(tf.mul(old, 1 - lambda), tf.mul(f, lambda)), tf.mul(xi, noise));
    const L = mixed(start.L, run(start, 0).L, at('xi'));
    const turned = tf.concat(
      [tf.slice(at('xi'), [0, 0, 1], [-1, -1, 7]), tf.slice(at('xi'), [0, 0, 0], [-1, -1, 1])],
      2,
    );
    const H = mixed(start.H, run({ ...start, L }, 1).H, turned);
    const got = [...((await trace?.states[0]?.H.data()) ?? [])];
    [...(await H.data())].forEach((x, i) => {
      expect(got[i]).toBeCloseTo(x, 5);
    });
  });

  it('reads each row from the start whose answers changed least in the last segments', async () => {
    const s = eqr({ breadth: 3, window: 2, cycles: 1, lowCycles: 1 });
    const p = paramsOf(s as unknown as Strategy<never>);
    const noise = noiseOf(s as unknown as Strategy<never>);
    const { traces, ctx } = runWithContext(config, s, p, inputs(), { train: false, noise });
    expect(traces).toHaveLength(3);
    const score = async (t: (typeof traces)[number], row: number): Promise<number> => {
      const x = await Promise.all([1, 2, 3].map(async (i) => (await t.logits(i).array()) as number[][][]));
      let sum = 0;
      for (const i of [1, 2])
        for (let j = 0; j < seq; j++) {
          const [a, b] = [x[i - 1]?.[row]?.[j] ?? [], x[i]?.[row]?.[j] ?? []];
          sum += Math.hypot(...a.map((v, k) => v - (b[k] as number)));
        }
      return sum;
    };
    const want: number[] = [];
    for (let r = 0; r < batch; r++) {
      const scores = await Promise.all(traces.map((t) => score(t, r)));
      want.push(scores.indexOf(Math.min(...scores)));
    }
    expect([...(await chosenTrajectory(s, traces, ctx).data())]).toEqual(want);
    expect(new Set(want).size, 'rows that choose alike prove little').toBeGreaterThan(1);
    const leaves = Object.keys(traces[0]?.states[0] as Settling);
    expect(leaves).toContain('changes');
  });
});
