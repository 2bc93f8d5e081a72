// Checks multi-hop answers by following facts read from one-hop questions, and that held-out questions never occur in training.
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { multiHop, type multiHopOptions } from './multiHop.ts';
import type { Task, TaskBatch } from './task.ts';

type Options = z.input<typeof multiHopOptions>;

/** Each scored row as text and answer. */
function questions(task: Task, { ids, targets, weights, batch, seq }: TaskBatch): { text: string; answer: string }[] {
  return Array.from({ length: batch }, (_, r) => {
    const last = weights.subarray(r * seq, (r + 1) * seq).lastIndexOf(1);
    const at = r * seq;
    return { text: task.decode(ids.subarray(at, at + last + 1)), answer: task.decode([targets[at + last] ?? -1]) };
  }).filter(({ text }) => text !== '');
}

const collect = (task: Task, steps: number) =>
  Array.from({ length: steps }, (_, step) => questions(task, task.train(0, step, 64))).flat();

const heldOut = (task: Task) =>
  Array.from({ length: Math.ceil((task.validationRows ?? 0) / 64) }, (_, i) =>
    questions(task, task.validation(i, 64)),
  ).flat();

const small: Options = { layers: 4, perLayer: 5, relations: 3, hops: 2, heldOut: 10 };

/** Facts as `relation person` -> person, read off a task whose rows all state facts. */
function facts(options: Options): Map<string, string> {
  const stated = collect(multiHop({ ...options, factShare: 1 }), 20);
  return new Map(
    stated.map(({ text, answer }) => {
      const [, relation = '', person = ''] = /^The (\w+) of (\w+) is$/.exec(text) ?? [];
      return [`${relation} ${person}`, answer];
    }),
  );
}

describe('answers', () => {
  it.each([{}, { hops: 3 }, { startLayers: 'all' as const }])('follow the facts from right to left: %j', (more) => {
    const options = { ...small, ...more };
    const known = facts(options);
    expect(known.size).toBe(3 * 5 * 3); // each person but the last layer's, each relation
    const task = multiHop(options);
    for (const { text, answer } of [...collect(task, 4), ...heldOut(task)]) {
      const [, chained = '', person = ''] = /^Who is ((?:the \w+ of )+)(\w+) \? Answer:$/.exec(text) ?? [];
      const relations = [...chained.matchAll(/the (\w+) of/g)].map(([, relation]) => relation);
      expect(relations).toHaveLength(options.hops ?? 2);
      expect(relations.reduceRight((at, relation) => known.get(`${relation} ${at}`) ?? '?', person)).toBe(answer);
    }
  });

  it('are told by the chain, hop by hop, once the person is read', () => {
    const task = multiHop({ ...small, hops: 3, layers: 4 });
    const { ids, targets, seq } = task.validation(0, 10);
    for (let r = 0; r < 10; r++) {
      const chain = task.chain?.(ids.subarray(r * seq, (r + 1) * seq)) ?? [];
      expect(chain.map(({ position }) => position)).toEqual([11, 11, 11]);
      expect(chain.at(-1)?.token).toBe(targets[r * seq + seq - 1]);
      expect(chain.map(({ token }) => Math.floor(token / 5))).toEqual([1, 2, 3]); // one layer a hop
    }
  });

  it('are the same in short wording', () => {
    const [long, short] = [multiHop(small), multiHop({ ...small, wording: 'short' })];
    expect([long.seq, short.seq]).toEqual([11, 4]);
    expect(long.vocab - short.vocab).toBe(6);
    const [a, b] = [heldOut(long), heldOut(short)];
    expect(b.map(({ answer }) => answer)).toEqual(a.map(({ answer }) => answer));
    expect(b.map(({ text }) => text)).toEqual(a.map(({ text }) => text.replace(/Who is|the |of |Answer:/g, '').trim()));
    expect(short.chain?.(short.validation(0, 1).ids)).toHaveLength(2);
  });
});

describe('the split', () => {
  const total = 5 * 3 ** 2;

  it.each([{}, { startLayers: 'all' as const }, { samples: 20 }, { factShare: 0.3 }])(
    'never trains on a held-out question, and reaches every other one: %j',
    (more) => {
      const task = multiHop({ ...small, ...more });
      const test = new Set(heldOut(task).map(({ text }) => text));
      expect(test.size).toBe(10);
      const asked = collect(task, 30).filter(({ text }) => text.startsWith('Who'));
      const seen = new Set(asked.map(({ text }) => text));
      expect([...seen].filter((text) => test.has(text))).toEqual([]);
      expect(seen.size).toBe(more.samples ?? (more.startLayers ? 2 : 1) * total - 10);
    },
  );

  it('keeps its test and grows its training set with the budget', () => {
    const [few, many] = [multiHop({ ...small, samples: 8 }), multiHop({ ...small, samples: 30 })];
    expect(heldOut(few)).toEqual(heldOut(many));
    const pool = new Set(collect(many, 30).map(({ text }) => text));
    const some = new Set(collect(few, 30).map(({ text }) => text));
    expect(some.size).toBe(8);
    expect([...some].every((text) => pool.has(text))).toBe(true);
    expect(heldOut(multiHop({ ...small, worldSeed: 1 }))).not.toEqual(heldOut(few));
  });

  it('goes through the held-out questions once, then again', () => {
    const task = multiHop(small);
    const { weights, seq } = task.validation(2, 4);
    expect(Array.from(weights.subarray(2 * seq))).toEqual(new Array(2 * seq).fill(0)); // 10 rows: the third batch of 4 has 2
    expect(task.validation(3, 4)).toEqual(task.validation(0, 4));
  });
});

it('mixes facts and questions in the share asked for, and scores what it is told to', () => {
  const mixed = collect(multiHop({ ...small, factShare: 0.25 }), 100);
  const share = mixed.filter(({ text }) => text.startsWith('The')).length / mixed.length;
  expect(Math.abs(share - 0.25)).toBeLessThan(0.018); // 6400 draws: 3.3 standard deviations of 0.0054
  const all = multiHop({ ...small, factShare: 0.5, loss: 'all' }).train(0, 0, 64);
  const lengths = Array.from({ length: 64 }, (_, r) =>
    all.weights.subarray(11 * r, 11 * r + 11).reduce((a, b) => a + b),
  );
  expect(new Set(lengths)).toEqual(new Set([5, 11]));
});

it('has the sizes of the paper by default', () => {
  const task = multiHop();
  expect(task.config).toMatchObject({ samples: 100 * 20 ** 3 - 3000, heldOut: 3000 });
  expect([task.vocab, task.seq, task.chance]).toEqual([500 + 20 + 7, 14, 0.01]);
  expect(task.train(0, 0, 8).ids).toHaveLength(112);
});

it.each([
  [{ hops: 5 }, 'hops must be < layers = 5 (got 5)'],
  [{ hops: 1, factShare: 0.5 }, 'with hops = 1 the questions are the facts'],
  [{ ...small, samples: 40 }, 'there are 45 questions, too few for samples = 40 and heldOut = 10'],
  [{ ...small, heldOut: 45 }, 'too few for samples = 1 and heldOut = 45'],
  [{ layers: 9, hops: 8 }, 'questions are too many to draw from; at most 2^31'],
  [{ factShare: 2 }, 'factShare must be <= 1 (got 2); set task.factShare'],
])('refuses %j', (options, message) => {
  expect(() => multiHop(options)).toThrow(message);
});
