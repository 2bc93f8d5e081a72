// Checks loop-by-loop targets against running products and against Mano's chains worked out by hand.
import { describe, expect, it } from 'vitest';
import { chainTargets } from './chainTargets.ts';
import { groupWords } from './groupWords.ts';
import { mano } from './mano.ts';
import type { Task, TaskBatch } from './task.ts';

it('gives loop t the t-th running product, and the last one from there on', () => {
  const task = groupWords({ group: 'Z7', seq: 4 });
  const ids = Int32Array.of(1, 3, 4, 6); // sums 1, 4, 1, 0
  const batch: TaskBatch = { ...task.train(0, 0, 1), ids, weights: Float32Array.of(1, 0, 1, 0.5) };
  const { targets, weights } = chainTargets(task, batch, 3);
  expect(Array.from(targets)).toEqual([1, 1, 1, 0, 0, 0, 1, 4, 1, 1, 4, 1]);
  expect(Array.from(weights)).toEqual([1, 1, 1, 0, 0, 0, 1, 1, 1, 0.5, 0.5, 0.5]);
});

it.each([1, 2, 4, 16])('ends group words in the answer once there are enough loops: %i', (seq) => {
  const task = groupWords({ group: 'S4', seq });
  const batch = task.train(0, 0, 8);
  const { targets } = chainTargets(task, batch, seq);
  for (let at = 0; at < batch.ids.length; at++) {
    const own = Array.from(targets.subarray(at * seq, (at + 1) * seq));
    const row = Math.floor(at / seq) * seq;
    expect(own).toEqual(Array.from({ length: seq }, (_, s) => batch.targets[Math.min(at, row + s)]));
  }
});

describe('Mano', () => {
  it('scores the answer alone, whose last target it is', () => {
    const task = mano({ maxOps: 5, modulus: 11 });
    const batch = task.train(2, 0, 32);
    const { targets, weights } = chainTargets(task, batch, 5);
    for (let at = 0; at < batch.ids.length; at++) {
      const isScored = batch.weights[at] === 1;
      expect(Array.from(weights.subarray(at * 5, (at + 1) * 5))).toEqual(new Array(5).fill(isScored ? 1 : 0));
      if (isScored) expect(targets[at * 5 + 4]).toBe(batch.targets[at]);
    }
  });

  it('counts only what has been read, of the same problem', () => {
    // <bos> + * 2 3 4 <ans> 3 <bos> - 1 2 <ans>, modulo 7: symbols 0..6, 7 +, 8 -, 9 *, 10 <bos>, 11 <ans>
    const task = mano({ modulus: 7, maxOps: 2, lengthToken: false, packing: 'open', seq: 13 });
    const ids = Int32Array.of(10, 7, 9, 2, 3, 4, 11, 3, 10, 8, 1, 2, 11);
    const weights = new Float32Array(13).fill(1);
    const batch: TaskBatch = { ids, targets: new Int32Array(13), weights, batch: 1, seq: 13 };
    const at = (result: ReturnType<typeof chainTargets>, t: number) =>
      Array.from(result.targets.subarray(2 * t, 2 * t + 2));
    const plain = chainTargets(task, batch, 2);
    expect(Array.from(plain.weights.subarray(0, 8))).toEqual(new Array(8).fill(0)); // nothing is known before 2 * 3
    expect([at(plain, 4), at(plain, 5), at(plain, 6), at(plain, 11), at(plain, 12)]).toEqual([
      [6, 6],
      [6, 3],
      [6, 3],
      [6, 6],
      [6, 6],
    ]);
    const segments = Int32Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1);
    const segmented = chainTargets(task, { ...batch, segments }, 2);
    expect(at(segmented, 7)).toEqual([6, 3]);
    expect(Array.from(segmented.weights.subarray(16, 22))).toEqual([0, 0, 0, 0, 0, 0]); // the second problem, not yet worked
    expect(at(segmented, 12)).toEqual([6, 6]);
  });
});

it('says what it cannot do', () => {
  const task = groupWords({ seq: 2 });
  const batch = task.train(0, 0, 1);
  expect(() => chainTargets(task, batch, 0)).toThrow('steps must be a whole number >= 1 (got 0)');
  const { chain: _, ...silent } = task;
  expect(() => chainTargets(silent as Task, batch, 1)).toThrow('task groupWords has no chain of thought');
});
