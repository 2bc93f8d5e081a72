// Checks group words against direct permutation products, a closed form for cyclic groups, and the promises of a stream.
import { describe, expect, it } from 'vitest';
import { groupByName } from './groups.ts';
import { groupWords } from './groupWords.ts';

const rowsOf = (x: Int32Array, seq: number) =>
  Array.from({ length: x.length / seq }, (_, r) => x.subarray(r * seq, (r + 1) * seq));

it.each(['S3', 'S4', 'S5', 'A5'])('targets of %s are running products of permutations', (name) => {
  const task = groupWords({ group: name, seq: 12 });
  const group = groupByName(name);
  const batch = task.train(3, 7, 8);
  rowsOf(batch.ids, 12).forEach((word, row) => {
    let images = group.permutation(group.identity);
    word.forEach((element, t) => {
      const next = group.permutation(element);
      images = images.map((image) => next[image] ?? -1); // the word so far, then this element
      expect(group.permutation(batch.targets[row * 12 + t] ?? -1)).toEqual(images);
    });
  });
});

it('targets of Z7 are prefix sums modulo 7', () => {
  const { ids, targets } = groupWords({ group: 'Z7', seq: 20 }).train(0, 0, 4);
  rowsOf(ids, 20).forEach((word, row) => {
    const sums = Array.from(word, (_, t) => word.subarray(0, t + 1).reduce((a, b) => a + b, 0) % 7);
    expect(Array.from(targets.subarray(row * 20, (row + 1) * 20))).toEqual(sums);
  });
});

describe('the stream', () => {
  const task = groupWords({ group: 'S4', seq: 8 });

  it('has the promised shape, symbols and weights', () => {
    const { ids, targets, weights, batch, seq } = task.train(1, 2, 5);
    expect([ids.length, targets.length, weights.length, batch, seq]).toEqual([40, 40, 40, 5, 8]);
    expect(new Set(weights)).toEqual(new Set([1]));
    for (const id of [...ids, ...targets]) expect(id >= 0 && id < task.vocab).toBe(true);
    expect([task.vocab, task.chance]).toEqual([24, 1 / 24]);
  });

  it('is a pure function of seed and step', () => {
    const first = task.train(1, 2, 5);
    task.train(1, 3, 5);
    expect(task.train(1, 2, 5)).toEqual(first);
    expect(groupWords({ group: 'S4', seq: 8 }).train(1, 2, 5)).toEqual(first);
    for (const other of [task.train(2, 2, 5), task.train(1, 3, 5), task.validation(2, 5)])
      expect(other.ids).not.toEqual(first.ids);
  });

  it('gives a row the same word whatever the batch size', () => {
    expect(task.train(1, 2, 3).ids).toEqual(task.train(1, 2, 5).ids.subarray(0, 24));
    expect(task.validation(1, 2).ids).toEqual(task.validation(0, 4).ids.subarray(16));
  });

  it('keeps validation apart from the training seed and moves it with validationSeed', () => {
    expect(groupWords({ group: 'S4', seq: 8, validationSeed: 1 }).validation(0, 5).ids).not.toEqual(
      task.validation(0, 5).ids,
    );
    expect(task.validation(0, 5)).toEqual(task.validation(0, 5));
  });

  it('draws elements and products uniformly', () => {
    // 32 x 64 x 8 = 16384 draws of 24 elements: chi-square has 23 degrees of freedom, 99.9% quantile 49.7
    const counts = [new Float64Array(24), new Float64Array(24)] as const;
    for (let step = 0; step < 32; step++) {
      const { ids, targets } = task.train(11, step, 64);
      for (const id of ids) counts[0][id] = (counts[0][id] ?? 0) + 1;
      for (const id of targets) counts[1][id] = (counts[1][id] ?? 0) + 1;
    }
    for (const observed of counts) {
      const expected = 16384 / 24;
      expect(observed.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)).toBeLessThan(49.7);
    }
  });
});

it('tells its chain of thought: the targets themselves', () => {
  const task = groupWords({ group: 'Z5', seq: 4 });
  const { ids, targets } = task.train(0, 0, 1);
  const chain = task.chain?.(ids) ?? [];
  expect(chain.map((step) => step.token)).toEqual(Array.from(targets));
  expect(chain.map((step) => step.position)).toEqual([0, 1, 2, 3]);
  expect(task.chain?.([1, 3, 4])[2]?.text).toBe('4 · 4 = 3');
  expect(task.decode([1, 3, 4])).toBe('1 3 4');
});

it('says what is wrong with its options', () => {
  expect(() => groupWords({ group: 'Q8' })).toThrow(
    "group must be S, A or Z and a number, such as S3, A5 or Z7 (got 'Q8'); set task.group",
  );
  expect(() => groupWords({ seq: 0 })).toThrow('seq must be >= 1 (got 0); set task.seq');
  expect(() => groupWords({ seq: 1.5 })).toThrow('seq must be a whole number (got 1.5); set task.seq');
  const misspelled = { vaildationSeed: 3 } as object;
  expect(() => groupWords(misspelled)).toThrow("task has no option 'vaildationSeed'; did you mean 'validationSeed'?");
  expect(() => groupWords().train(0, 0, 0)).toThrow('batch must be a whole number >= 1 (got 0)');
});
