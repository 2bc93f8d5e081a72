// Losses over two trajectories: continued from anywhere, and short ones that should end where long ones do.
import { deepThinking, loopFormer, type Trace } from '@looplab/core';
import { valueAndGrad } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { consistency } from './consistency.ts';
import { at, batch, loss, mean, trace, values } from './handMadeTrace.test-data.ts';
import { progressive } from './progressive.ts';
import { agreesWithFiniteDifferences, params, reached } from './smallModel.test-data.ts';

const ofLoop = (t: number): number => mean((i) => at(loss, t, i));

describe('progressive (float32, 1e-5)', () => {
  it('shares the weight between the full trajectory and the other', async () => {
    const v = await values(progressive({ alpha: 0.3 }), [trace(3), trace(2)]);
    expect(v.full).toBeCloseTo(0.7 * ofLoop(2), 5);
    expect(v.progressive).toBeCloseTo(0.3 * ofLoop(1), 5);
    expect(v.total).toBeCloseTo(0.7 * ofLoop(2) + 0.3 * ofLoop(1), 5);
  });

  it('counts a single trajectory whole and refuses three', async () => {
    expect((await values(progressive({ alpha: 0.3 }), [trace(3)])).total).toBeCloseTo(ofLoop(2), 5);
    expect(() => progressive().terms([trace(), trace(), trace()], batch)).toThrow(
      'objective progressive compares two trajectories (got 3)',
    );
  });

  it('reaches every parameter; the loops without gradient keep theirs', async () => {
    const s = deepThinking();
    const p = params(s);
    expect(await reached(progressive(), s, { hp: { n: 1, k: 2 } })).toEqual(Object.keys(p).sort());
    await agreesWithFiniteDifferences(progressive(), s, p, ['model.norm.weight', 'lm_head.weight'], {
      hp: { n: 0, k: 2 },
    });
  });
});

describe('consistency (float32, 1e-5)', () => {
  const end = (...rows: number[]): Partial<Trace> => ({
    states: [1, 2].map((scale) => ({
      h: tf.tensor3d(
        rows.map((x) => x * scale),
        [1, 2, 2],
      ),
      other: tf.zeros([1, 2]),
    })),
  });

  it('adds the short trajectory and the squared distance of the ends, by channel and scored token', async () => {
    const pair = [trace(2, end(1, 2, 3, 4)), trace(2, end(1, 2.5, 3, 3))];
    const v = await values(consistency({ short: 0.2, consistency: 0.5 }), pair);
    expect(v.long).toBeCloseTo(ofLoop(1), 5);
    expect(v.short).toBeCloseTo(0.2 * ofLoop(1), 5);
    // last states are twice the rows: token 1 is off by (0, 1), token 2 by (0, 2); weights 1 and 3
    expect(v.consistency).toBeCloseTo(0.5 * ((1 * 0.5 + 3 * 2) / 4), 5);
  });

  it('moves the short end alone', async () => {
    const ending = (h: tf.Tensor): Trace => trace(1, { states: [{ h }] });
    const f = (ends: { long: tf.Tensor; short: tf.Tensor }): tf.Tensor =>
      consistency({ short: 0 }).terms([ending(ends.long), ending(ends.short)], batch).total;
    const { grads } = valueAndGrad(f)({ long: tf.ones([1, 2, 2]), short: tf.zeros([1, 2, 2]) });
    expect([...(await grads.long.data())]).toEqual([0, 0, 0, 0]);
    expect([...(await grads.short.data())].every((x) => x < 0)).toBe(true);
  });

  it('counts a single trajectory as the long one', async () => {
    expect((await values(consistency(), [trace(3)])).total).toBeCloseTo(ofLoop(2), 5);
  });

  it('reaches every parameter', async () => {
    const s = loopFormer({ frequencies: 4 });
    const p = params(s);
    expect(await reached(consistency(), s)).toEqual(Object.keys(p).sort());
    // without the distance, whose long end is held fixed, the whole loss is what the gradient belongs to
    await agreesWithFiniteDifferences(consistency({ consistency: 0 }), s, p, [
      'strategy.loopFormer.modulation.bias',
      'strategy.loopFormer.time.in.weight',
    ]);
  });
});
