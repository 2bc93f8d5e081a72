// Checks written chains symbol by symbol, and that wrapping keeps the promises of a stream.
import { describe, expect, it } from 'vitest';
import { groupByName } from './groups.ts';
import { groupWords } from './groupWords.ts';
import { mano } from './mano.ts';
import { taskById } from './registry.ts';
import type { Task } from './task.ts';
import { TaskError } from './task.ts';
import { withChain } from './withChain.ts';

const row = (x: ArrayLike<number> | undefined, r: number, seq: number) =>
  Array.from(x ?? []).slice(r * seq, (r + 1) * seq);

describe('group words', () => {
  const inner = groupWords({ group: 'S3', seq: 5 });
  const task = withChain(inner);
  const z = groupByName('S3');

  it('are the word, its running products and the last one again', () => {
    expect([task.vocab, task.seq, task.chainMark, task.answerMark]).toEqual([8, 12, 6, 7]);
    const { ids, targets, weights, steps, keyMask } = task.train(1, 2, 16);
    for (let r = 0; r < 16; r++) {
      const input = row(ids, r, 12);
      const word = input.slice(0, 5);
      const products = word.map((_, t) => word.slice(0, t + 1).reduce((a, b) => z.multiply(a, b), z.identity));
      expect(input).toEqual([...word, 6, ...products, 7]);
      expect(row(targets, r, 12)).toEqual([0, 0, 0, 0, 0, ...products, 7, products[4]]);
      expect(row(weights, r, 12)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
      expect(row(steps, r, 12)).toEqual([0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0]);
    }
    expect(new Set(keyMask)).toEqual(new Set([1]));
  });

  it('have the words of the inner stream, whatever the batch size', () => {
    const [plain, four, two] = [inner.train(3, 1, 4), task.train(3, 1, 4), task.train(3, 1, 2)];
    for (let r = 0; r < 4; r++) expect(row(four.ids, r, 12).slice(0, 5)).toEqual(row(plain.ids, r, 5));
    expect(two.ids).toEqual(four.ids.subarray(0, 24));
    expect(task.validation(1, 2).ids).toEqual(task.validation(0, 4).ids.subarray(24));
  });
});

describe('Mano', () => {
  const inner = mano({ maxOps: 4, modulus: 7, loss: 'all' });
  const task = withChain(inner);

  it('writes as many values as there are operators, and fills up the rest', () => {
    expect(task.seq).toBe(12 + 4 + 2);
    const plain = inner.train(0, 5, 64);
    const { ids, targets, weights, steps, keyMask } = task.train(0, 5, 64);
    const sizes = new Set<number>();
    for (let r = 0; r < 64; r++) {
      const problem = row(plain.ids, r, 12);
      const end = problem.findIndex((id) => inner.decode([id]) === '<ans>');
      const values = (inner.chain?.(problem) ?? []).map((step) => step.token);
      const answer = row(plain.targets, r, 12)[end];
      sizes.add(values.length);
      expect(values.at(-1)).toBe(answer);
      const length = end + 1 + values.length + 2;
      const pad = (n: number) => new Array<number>(18 - length).fill(n);
      const before = new Array<number>(end + 1).fill(0);
      const { chainMark: c, answerMark: a } = task;
      expect(row(ids, r, 18)).toEqual([...problem.slice(0, end + 1), c, ...values, a, ...pad(a)]);
      expect(row(targets, r, 18)).toEqual([...before, ...values, a, answer, ...pad(0)]);
      expect(row(weights, r, 18)).toEqual([...before, ...values.map(() => 1), 1, 1, ...pad(0)]);
      expect(row(steps, r, 18)).toEqual([...before, ...values.map((_, i) => i + 1), 0, 0, ...pad(0)]);
      expect(row(keyMask, r, 18)).toEqual([...new Array(length).fill(1), ...pad(0)]);
    }
    expect([...sizes].sort()).toEqual([1, 2, 3, 4]);
  });

  it('reads and tells its chain from the problem alone', () => {
    const { ids } = task.validation(0, 1);
    const problem = Array.from(ids).slice(0, ids.indexOf(task.chainMark));
    expect(task.chain?.(ids)).toEqual(inner.chain?.(problem));
    expect(task.chain?.(problem)).toEqual(inner.chain?.(problem));
    expect(task.decode(ids)).toMatch(/^<bos> <len_4> [-+* \d]+ <ans> <chain> \d \d \d \d <answer>$/);
  });

  it('refuses rows of several problems', () => {
    const packed = withChain(mano({ maxOps: 2, packing: 'open', seq: 64 }));
    expect(() => packed.train(0, 0, 1)).toThrow("holds several problems; set its packing to 'none'");
  });
});

it('is made again from its own config', () => {
  const task = withChain(mano({ maxOps: 2 }));
  expect(task.config).toEqual({ name: 'withChain', inner: mano({ maxOps: 2 }).config });
  const { name, ...options } = task.config;
  const again = taskById(String(name), options);
  expect(again.config).toEqual(task.config);
  expect(again.train(4, 2, 3)).toEqual(task.train(4, 2, 3));
  expect(() => taskById('withChain', {})).toThrow('inner must be an object (got nothing); set task.inner');
  expect(() => taskById('withChain', { inner: { name: 'mono' } })).toThrow('there is no task "mono"');
});

it('leaves rows past the held-out end empty, with one symbol to see', () => {
  const one = groupWords({ group: 'Z2', seq: 2 });
  const short: Task = {
    ...one,
    validationRows: 1,
    validation: () => ({
      ids: new Int32Array(4),
      targets: new Int32Array(4),
      weights: Float32Array.of(1, 1, 0, 0),
      batch: 2,
      seq: 2,
    }),
  };
  const task = withChain(short);
  expect(task.validationRows).toBe(1);
  const { weights, keyMask } = task.validation(0, 2);
  expect(row(weights, 1, 6)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(row(keyMask, 1, 6)).toEqual([1, 0, 0, 0, 0, 0]);
});

it('refuses a task without a chain', () => {
  const { chain: _, ...silent } = groupWords({ seq: 2 });
  expect(() => withChain(silent)).toThrow(TaskError);
  expect(() => withChain(silent)).toThrow('task groupWords has no chain of thought to write');
});
