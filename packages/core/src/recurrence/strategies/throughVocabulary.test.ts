// Strategies whose state passes through the vocabulary: what the next pass is given, what adds up, and who goes on.
import { toArray, useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { modelConfig } from '../../model/config.ts';
import type { Params } from '../../model/params.ts';
import { fold, key, normal, randint } from '../../rng/random.ts';
import { paramSpecs } from '../layout.ts';
import type { Inputs } from '../plan.ts';
import { runTrace } from '../runTrace.ts';
import type { State } from '../state.ts';
import type { Model, Strategy } from '../strategy.ts';
import type { Trace } from '../trace.ts';
import { fixedLoops, type Hidden } from './fixedLoops.ts';
import { pondering } from './pondering.ts';
import { softInput } from './softInput.ts';
import { thinkAtHard } from './thinkAtHard.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const [batch, seq, vocab, d] = [2, 5, 7, 8];
const config = modelConfig({ vocab, dModel: d, heads: 2, layers: 1, loops: 2, dFF: 12 });
const ids = () => tf.tensor2d(randint(key(1), batch * seq, vocab), [batch, seq], 'int32');
const params = (s: Strategy): Params =>
  Object.fromEntries(
    paramSpecs(config, s).map(({ name, shape }) => {
      const n = shape.reduce((a, b) => a * b, 1);
      return [
        name,
        tf.tensor(
          normal(fold(key(2), name), n).map((x) => x * 0.5),
          [...shape],
        ),
      ];
    }),
  );
const run = <S extends State>(s: Strategy<S>, p: Params, train: boolean, more: Partial<Inputs> = {}): Trace<S> => {
  const [trace] = runTrace(config, s, p, { ids: ids(), ...more }, { train });
  return trace as Trace<S>; // one trajectory
};
const values = async (x: tf.Tensor | undefined): Promise<number[]> => [...(x ? await toArray(x) : [])];
const near = async (a: tf.Tensor | undefined, b: tf.Tensor): Promise<void> => {
  const [x, y] = [await values(a), await values(b)];
  expect(x.length).toBe(y.length);
  for (const [i, v] of x.entries()) expect(v).toBeCloseTo(y[i] as number, 4);
};
/** One pass of the core over a given input. */
const pass = (p: Params, x: tf.Tensor): tf.Tensor => {
  const once: Strategy<Hidden> = { ...fixedLoops(), id: 'once', init: () => ({ h: x }) };
  return runTrace(config, once, p, { ids: ids() }, { train: false, loops: 1 })[0]?.states[0]?.h as tf.Tensor;
};
const head = (p: Params, h: tf.Tensor): tf.Tensor =>
  tf.reshape(tf.matMul(tf.reshape(h, [batch * seq, d]), p['lm_head.weight'] as tf.Tensor, false, true), [
    batch,
    seq,
    vocab,
  ]);
const mixture = (p: Params, logits: tf.Tensor): tf.Tensor =>
  tf.reshape(
    tf.matMul(tf.reshape(tf.softmax(logits), [batch * seq, vocab]), p['model.embed_tokens.weight'] as tf.Tensor),
    [batch, seq, d],
  );

it('softInput mixes the likeliest tokens alone, by their probabilities among themselves', async () => {
  const table = [
    [1, 0],
    [0, 1],
    [5, 5],
  ];
  const model = {
    embedSoft: (p: tf.Tensor) => tf.reshape(tf.matMul(tf.reshape(p, [1, 3]), tf.tensor2d(table)), [1, 1, 2]),
  } as Model; // all that it uses
  const logits = tf.tensor3d([Math.log(3), Math.log(2), Math.log(1)], [1, 1, 3]);
  const want = { 1: [1, 0], 2: [3 / 5, 2 / 5], 3: [3 / 6 + 5 / 6, 2 / 6 + 5 / 6], 9: [3 / 6 + 5 / 6, 2 / 6 + 5 / 6] };
  for (const [top, mixed] of Object.entries(want)) {
    const got = await values(softInput(logits, Number(top), model));
    for (const [i, x] of mixed.entries()) expect(got[i]).toBeCloseTo(x, 6);
  }
});

describe('pondering', () => {
  it('adds the expected embedding of the prediction to the input and passes again', async () => {
    const p = params(pondering());
    const trace = run(pondering(), p, true);
    const e = trace.initial.x;
    const h0 = pass(p, e);
    await near(trace.states[0]?.h, h0);
    const x1 = tf.add(e, mixture(p, head(p, h0)));
    await near(trace.states[1]?.x, x1);
    await near(trace.logits(1), head(p, pass(p, x1)));
  });
});

describe('thinkAtHard', () => {
  const s = thinkAtHard({ rank: 2, topK: 3 });
  const p = params(s);
  const decided = (b: number): Params => ({
    ...p,
    'strategy.thinkAtHard.decider.out.weight': tf.zeros([1, d]),
    'strategy.thinkAtHard.decider.out.bias': tf.tensor1d([b]),
  });

  it('first reads as one pass of the model without adapters', async () => {
    const trace = run(s, p, true);
    await near(trace.logits(0), head(p, pass(p, trace.initial.h)));
  });

  it('adds up the logits, the second pass made by the adapted model', async () => {
    const trace = run(s, p, true);
    const [first, second] = [trace.states[0], trace.states[1]];
    await near(second?.logits, tf.add(first?.logits as tf.Tensor, head(p, second?.h as tf.Tensor)));
    const without = Object.fromEntries(
      Object.entries(p).map(([n, x]) => [n, n.includes('.lora_B.') ? tf.zerosLike(x) : x]),
    );
    const other = run(s, without, true);
    expect(await values(other.logits(0))).toEqual(await values(trace.logits(0)));
    expect(await values(other.logits(1))).not.toEqual(await values(trace.logits(1)));
  });

  it('in training, thinks on where the first prediction is wrong and the position is scored', async () => {
    const targets = tf.tensor2d(randint(key(4), batch * seq, vocab), [batch, seq], 'int32');
    const weights = tf.tensor2d([1, 0, 1, 1, 1, 1, 1, 1, 0, 1], [batch, seq]);
    const trace = run(s, p, true, { targets, weights });
    const said = await values(tf.argMax(trace.logits(0), 2));
    const [want, scored] = [await values(targets), await values(weights)];
    const wrong = said.map((x, i) => (x !== want[i] && scored[i] === 1 ? 1 : 0));
    expect(wrong).toContain(1);
    expect(await values(trace.active[1])).toEqual(wrong);
    const easy = { targets: tf.argMax(trace.logits(0), 2) as tf.Tensor };
    expect(await values(run(s, p, true, easy).logits(1))).toEqual(await values(trace.logits(0)));
  });

  it('elsewhere, thinks on where the decider is surer than the threshold, and never looks at targets', async () => {
    const targets = tf.zeros([batch, seq], 'int32');
    for (const [z, on] of [
      [1.3, 0],
      [1.5, 1],
    ] as const) {
      // sigmoid 0.786 and 0.818 about the threshold 0.8
      const trace = run(s, decided(z), false, { targets });
      expect(await values(trace.active[1])).toEqual(new Array(batch * seq).fill(on));
      expect((await values(trace.halt[0]))[0]).toBeCloseTo(-z, 5);
    }
  });

  it('takes the number of passes from the batch if it says so', async () => {
    const depth = tf.tensor2d([1, 2, 1, 1, 2, 2, 2, 1, 1, 1], [batch, seq]);
    const trace = run(s, p, true, { depth, targets: tf.zeros([batch, seq], 'int32') });
    expect(await values(trace.active[1])).toEqual((await values(depth)).map((x) => x - 1));
  });

  it('trains the model, then the decider alone', () => {
    expect(s.stages.map(({ name, objective, trainable }) => [name, objective?.id, trainable])).toEqual([
      ['oracle', 'everyLoop', 'all'],
      ['decider', 'decider', ['strategy.thinkAtHard.decider.*']],
    ]);
  });
});

it('needs the whole model for a core', () => {
  for (const s of [pondering(), thinkAtHard()])
    expect(() => s.check?.({ ...config, coda: 1 })).toThrow('set model.prelude and model.coda to 0');
});
