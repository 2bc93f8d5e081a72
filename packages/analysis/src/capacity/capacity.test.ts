// Capacity of models whose knowledge is known: one that reads out every value, one that guesses in the pools.
import {
  countParams,
  fixedLoops,
  type Hidden,
  initParams,
  key,
  modelConfig,
  paramSpecs,
  type Strategy,
} from '@looplab/core';
import { useDevice } from '@looplab/engine';
import type { Task, TaskBatch } from '@looplab/tasks';
import { capo } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AnalysisContext } from '../context.ts';
import { expectDocumented } from '../testing/columns.ts';
import { tinyLoopLM } from '../testing/tinyLoopLM.ts';
import { capacity } from './capacity.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

/**
 * Eight people; a row is `person name city`, the name one of 16 symbols, the city one of 4. Name and city are functions
 * of the person.
 */
function register(): Task {
  const people = 8;
  const rowOf = (person: number): number[] => [person, 8 + ((5 * person) % 16), 24 + (person % 4)];
  const fill = (first: number, batch: number): TaskBatch => {
    const rows = Array.from({ length: batch }, (_, r) => rowOf((first + r) % people));
    return {
      ids: Int32Array.from(rows.flatMap(([p = 0, n = 0]) => [p, n])),
      targets: Int32Array.from(rows.flatMap(([, n = 0, c = 0]) => [n, c])),
      weights: new Float32Array(2 * batch).fill(1),
      attributes: Int32Array.from({ length: 2 * batch }, (_, i) => 1 + (i % 2)),
      batch,
      seq: 2,
    };
  };
  return {
    name: 'register',
    vocab: 28,
    seq: 2,
    chance: 1 / 4,
    metric: 'accuracy',
    config: { name: 'register' },
    validationRows: people,
    knowledge: {
      people,
      nameSpace: 16,
      attributes: [
        { name: 'name', choices: 16 },
        { name: 'city', choices: 4 },
      ],
    },
    train: (_, step, batch) => fill(step * batch, batch),
    validation: (index, batch) => fill(index * batch, batch),
    decode: (ids) => Array.from(ids).join(' '),
  };
}

/** Logits [B, 2, 28] that give the name `names` chances and the city `cities`, among those that can stand there. */
function reader(names: 'any' | 'taken', cities: 'any' | 'own'): Strategy<Hidden> {
  const base = fixedLoops();
  const BIG = 40;
  return {
    ...base,
    id: 'reader',
    init: (ctx) => ({ h: tf.cast(tf.expandDims(ctx.inputs.ids, 2), 'float32') }),
    step: (s, _, ctx) => {
      ctx.core(ctx.e); // a step computes once
      return s;
    },
    read: (s) => {
      const batch = s.h.shape[0] ?? 0;
      const taken = Array.from({ length: 8 }, (_, p) => (5 * p) % 16);
      const name = Float32Array.from({ length: 28 }, (_, v) =>
        v >= 8 && v < 24 && (names === 'any' || taken.includes(v - 8)) ? BIG : 0,
      );
      const first = tf.tile(tf.tensor3d(name, [1, 1, 28]), [batch, 1, 1]);
      // The city is person mod 4; the second symbol is the name 8 + 5 person mod 16, and 13 * 5 = 1 mod 16.
      const second = tf.slice(s.h, [0, 1, 0], [batch, 1, 1]);
      const city = tf.add(tf.mod(tf.mul(tf.sub(second, 8), 13), 4), 24);
      const own = tf.cast(tf.less(tf.abs(tf.sub(tf.reshape(tf.range(0, 28), [1, 1, 28]), city)), 0.5), 'float32');
      const any = tf.tensor3d(
        Float32Array.from({ length: 28 }, (_, v) => (v >= 24 ? BIG : 0)),
        [1, 1, 28],
      );
      const said = cities === 'own' ? tf.mul(own, BIG) : tf.tile(any, [batch, 1, 1]);
      return tf.concat([first, said], 1);
    },
  };
}

function contextOf(strategy: Strategy<Hidden>): AnalysisContext {
  const task = register();
  const model = modelConfig({ vocab: 28, dModel: 2, heads: 1, layers: 1, dFF: 2 });
  return {
    model,
    strategy,
    params: initParams(paramSpecs(model, strategy), key(0)),
    task,
    seed: 0,
    rows: 100,
    progress: () => {},
  };
}

describe('capacity', () => {
  it('of a model that knows everything is what there is', async () => {
    const context = contextOf(reader('taken', 'own'));
    const result = await capacity.run(context);
    expectDocumented(capacity, result);
    const [row] = result.tables.bits ?? [];
    // 8 people: 8 log2(16 / 8) + 8 log2 4 = 8 + 16 bits
    expect(row).toMatchObject({ loop: 1, people: 8, measured: 8, maxBits: 24 });
    expect(Number(row?.bits)).toBeCloseTo(24, 4);
    const parameters = countParams(paramSpecs(context.model, context.strategy));
    expect(row?.parameters).toBe(parameters);
    expect(Number(row?.bitsPerParameter)).toBeCloseTo(24 / parameters, 6);
  });

  it('of a blank model, which guesses in the pools, is nothing; of one that knows the cities, theirs', async () => {
    const blank = (await capacity.run(contextOf(reader('any', 'any')))).tables;
    expect(Number(blank.bits?.[0]?.bits)).toBeCloseTo(0, 4);
    const cities = (await capacity.run(contextOf(reader('any', 'own')))).tables;
    expect(Number(cities.bits?.[0]?.bits)).toBeCloseTo(16, 4);
    const of = (attribute: string) => cities.attributes?.find((r) => r.attribute === attribute);
    expect(Number(of('city')?.bitsPerPerson)).toBeCloseTo(2, 5);
    expect(Number(of('name')?.bitsPerPerson)).toBeCloseTo(0, 5);
    expect(of('name')?.maxPerPerson).toBe(1);
  });

  it('of an untrained looped model on biographies is below none, after every loop', async () => {
    const context = tinyLoopLM({ task: capo({ people: 40, tokens: 'pieces' }), rows: 12, initStd: 0.02 });
    const result = await capacity.run(context);
    expectDocumented(capacity, result);
    const { bits, attributes } = result.tables;
    expect(bits?.map((r) => [r.loop, r.trained, r.measured])).toEqual([1, 2, 3, 4].map((n) => [n, n <= 2, 12]));
    for (const r of bits ?? []) {
      expect(Number(r.bits)).toBeLessThan(0);
      expect(Number(r.lo)).toBeLessThanOrEqual(Number(r.bitsPerParameter));
    }
    // Nearly uniform over the 440 symbols: gender, one symbol out of two, costs log2 440 bits instead of 1.
    const gender = attributes?.find((r) => r.attribute === 'gender' && r.loop === 1);
    expect(Number(gender?.bitsPerPerson)).toBeCloseTo(1 - Math.log2(context.model.vocab), 0);
  });

  it('does not apply to other tasks', async () => {
    expect((await capacity.run(tinyLoopLM())).skipped).toBe(
      'does not apply: task groupWords stores no knowledge that could be counted in bits',
    );
  });
});
