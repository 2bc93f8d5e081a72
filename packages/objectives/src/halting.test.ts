// The halting losses of a trace written by hand, and what their gradients reach in HRM and TRM.
import { hrm, trm } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { halting } from './halting.ts';
import { at, halting as gate, loss, mean, sigmoid, trace, values } from './handMadeTrace.test-data.ts';
import { assertFits } from './registry.ts';
import { agreesWithFiniteDifferences, params, reached } from './smallModel.test-data.ts';

const bce = (logit: number, y: number) => -(y * Math.log(sigmoid(logit)) + (1 - y) * Math.log(1 - sigmoid(logit)));
const over = [0, 1, 2];
const average = (f: (t: number) => number, ts = over) => ts.reduce((s, t) => s + f(t), 0) / ts.length;
/** The right symbol is the likelier one: never at a half (0.5 is a tie, which symbol 0 wins), by right > 0.5. */
const right = (t: number, i: number) =>
  (
    [
      [1, 0],
      [1, 0],
      [1, 1],
    ][t] as number[]
  )[i] as number;

describe('terms of a hand-made trace (float32, 1e-5)', () => {
  it('weighs whether each loop is right, and every answer', async () => {
    const v = await values(halting({ weight: 0.25 }));
    expect(v.crossEntropy).toBeCloseTo(
      mean((i) => average((t) => at(loss, t, i))),
      5,
    );
    expect(v.halt).toBeCloseTo(0.25 * mean((i) => average((t) => bce(at(gate, t, i), right(t, i)))), 5);
    expect(v.total).toBeCloseTo((v.crossEntropy ?? 0) + (v.halt ?? 0), 5);
  });

  const go = [
    [0.5, -2],
    [-1, 3],
    [2, 0],
  ];
  const row = (xs: number[]) => tf.tensor2d(xs, [1, 2]);
  const target = (t: number, i: number) => sigmoid(Math.max(at(gate, t, i), at(go, t, i)));

  it('values going on by the better of the two one loop later', async () => {
    const v = await values(halting({ continue: true }), [trace(3, { goOn: go.map(row) })]);
    // the last loop has nothing after it
    expect(v.goOn).toBeCloseTo(0.5 * mean((i) => average((t) => bce(at(go, t, i), target(t + 1, i)), [0, 1])), 5);
  });

  it('takes what the plan looks ahead to for the last loop', async () => {
    const ahead = { halt: row([1, -1]), goOn: row([0.3, 0.2]) };
    const v = await values(halting({ continue: true }), [trace(1, { goOn: [row(go[0] as number[])], ahead })]);
    const best = [1, 0.2];
    expect(v.goOn).toBeCloseTo(0.5 * mean((i) => bce(at(go, 0, i), sigmoid(best[i] as number))), 5);
  });

  it('says what is missing', () => {
    const alone = trace(1, { goOn: [row([0, 0])] });
    expect(() => halting({ continue: true }).terms([alone], { ...batchOf() })).toThrow(
      'halting with continue sees nothing after the last loop; let the strategy look ahead',
    );
    expect(() => assertFits(halting({ continue: true }), trm())).toThrow(
      'objective halting needs goOn, which strategy trm does not give; objectives that fit: ',
    );
  });
  const batchOf = () => ({
    ids: tf.zeros([1, 2], 'int32'),
    targets: tf.zeros([1, 2], 'int32'),
    weights: tf.ones([1, 2]),
  });
});

describe('gradients through the models', () => {
  const small = { cycles: 2, lowCycles: 1 };
  // Two segments an update, so that the second's parameters are reached from a state that was cut off.
  it.each([
    ['hrm', hrm({ ...small, segments: 2 }), halting({ continue: true })],
    ['trm', trm(small), halting()],
  ] as const)('%s: reach every parameter', async (_, s, o) => {
    const names = Object.keys(params(s as never));
    // the one-step gradient of HRM ends in the input of the last L-step; both see the embedding there
    expect(await reached(o, s as never)).toEqual(names.sort());
  });

  it('hrm and trm agree with finite differences where no target moves', async () => {
    // one segment of one cycle: nothing lies behind a wall
    const one = { cycles: 1, lowCycles: 1 };
    for (const s of [hrm({ ...one, lookAhead: false }), trm(one)]) {
      const p = params(s as never);
      await agreesWithFiniteDifferences(halting(), s as never, p, [
        `strategy.${s.id}.q.weight`,
        `strategy.${s.id}.q.bias`,
        'model.embed_tokens.weight',
      ]);
    }
  });
});
