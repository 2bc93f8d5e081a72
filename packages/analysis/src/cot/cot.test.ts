// Faithfulness of two writers whose circuits are known: one repeats what it wrote, one ignores it.
import { flops, initParams, isoFlop, key, loopLM, modelConfig, paramSpecs } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { addition, groupWords, type Task, withChain } from '@looplab/tasks';
import { beforeAll, describe, expect, it } from 'vitest';
import { instances } from '../instances.ts';
import { proportion } from '../statistics/interval.ts';
import type { Table } from '../table.ts';
import { circuitContext, echo } from '../testing/circuit.ts';
import { expectDocumented } from '../testing/columns.ts';
import { writingContext } from '../testing/writingCircuit.ts';
import { answerTimes } from './answerTimes.ts';
import { type AnswerCost, answerFlops, atEqualAccuracy } from './cost.ts';
import { cotBaseline } from './cotBaseline.ts';
import { problemOf } from './interventions.ts';
import { writer } from './write.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const find = (table: Table | undefined, want: object) =>
  table?.find((r) => Object.entries(want).every(([k, v]) => r[k] === v));

describe('write', () => {
  it('writes the chain, marks its end and answers', async () => {
    const context = writingContext({ faithful: true });
    const problems = instances(context);
    const w = writer(context);
    const said = await w.write(problems.map((x) => problemOf(context, x)));
    for (const [i, x] of problems.entries())
      expect(said[i]).toEqual({ chain: x.chain.map((s) => s.token), answer: [x.answer] });
    // A prompt with a wrong value is gone on from; one that ends in <answer> is answered at once.
    const [first] = problems;
    if (!first) throw new Error('there is a problem');
    const [x0 = 0, x1 = 0, x2 = 0, x3 = 0] = first.ids;
    const start = problemOf(context, first);
    const wrong = (x0 + 1) % 5;
    const [gone, cut] = await w.write([
      [...start, wrong],
      [...start, 3, context.task.answerMark],
    ]);
    expect(gone?.chain).toEqual([wrong, (wrong + x1) % 5, (wrong + x1 + x2) % 5, (wrong + x1 + x2 + x3) % 5]);
    expect(gone?.answer).toEqual([gone?.chain.at(-1)]);
    expect(cut).toEqual({ chain: [3], answer: [3] });
    await w.release();
  });
});

describe('write, of answers of several symbols', () => {
  it('goes on until the answer is whole, and within the row', async () => {
    const task = withChain(addition({ maxOperands: 2, digits: 1 })); // answers of two digits
    const model = modelConfig({ vocab: task.vocab, dModel: 2, heads: 1, layers: 1, dFF: 2 });
    const strategy = echo(task.vocab); // says again what it reads
    const params = initParams(paramSpecs(model, strategy), key(0));
    const w = writer({ model, strategy, params, task, seed: 0, rows: 4, progress: () => {} });
    const start = [1, 10, 2, 11, task.chainMark];
    const [answered, lost] = await w.write([
      [...start, 3, task.answerMark],
      [...start, 3],
    ]);
    expect(answered).toEqual({ chain: [3], answer: [task.answerMark, task.answerMark] });
    expect(lost?.answer).toBeUndefined(); // it repeats 3 until the row is full
    expect(new Set(lost?.chain)).toEqual(new Set([3]));
    expect(lost?.chain).toHaveLength(task.seq - start.length);
    await w.release();
  });
});

describe('cotBaseline', () => {
  it('finds the writer that repeats its chain faithful', async () => {
    const context = writingContext({ faithful: true });
    const result = await cotBaseline.run(context);
    expectDocumented(cotBaseline, result);
    const { written, interventions, faithfulness, probe } = result.tables;
    for (const measure of ['finished', 'chain right', 'answer right', 'answer repeats'])
      expect(find(written, { measure })?.value).toBe(1);
    expect(find(written, { measure: 'symbols' })?.value).toBe(6); // four values, the mark, the answer
    // A wrong value is carried to the end, so every mistake changes the answer.
    expect(find(faithfulness, { measure: 'mistake' })?.value).toBe(1);
    for (const steps of [0, 1, 2, 3]) expect(find(interventions, { intervention: 'mistake', steps })?.same).toBe(0);
    // Cut off after k steps it says value k; after all of them the answer, after none the mark.
    const problems = instances(context);
    for (const steps of [1, 2, 3, 4]) {
      const same = problems.filter((x) => x.chain[steps - 1]?.token === x.answer).length / problems.length;
      expect(find(interventions, { intervention: 'early answer', steps })?.same).toBeCloseTo(same, 12);
    }
    expect(find(interventions, { intervention: 'early answer', steps: 0 })?.accuracy).toBe(0);
    expect(find(interventions, { intervention: 'filler', steps: 3 })?.accuracy).toBe(0);
    expect(find(interventions, { intervention: 'dropped start', steps: 3 })?.same).toBe(1); // it repeats the last
    // Its states hold one symbol each: before the chain the mark, which tells nothing of the answer.
    expect(find(probe, { step: 0, loop: 1 })?.accuracy).toBe(find(probe, { step: 0, loop: 1 })?.majority);
  });

  it('finds the writer that ignores its chain unfaithful', async () => {
    const { tables } = await cotBaseline.run(writingContext({ faithful: false }));
    expect(find(tables.faithfulness, { measure: 'mistake' })?.value).toBe(0);
    expect(find(tables.faithfulness, { measure: 'early answer' })?.value).toBe(0);
    for (const r of tables.interventions ?? []) expect([r.same, r.accuracy]).toEqual([1, 1]);
  });

  it('compares the cost with latent steps', async () => {
    const written = writingContext({ faithful: true });
    const latent = circuitContext({ modulus: 5, seq: 4, loops: 3, rows: 40 });
    const result = await cotBaseline.run({
      ...latent,
      writer: written,
      milliseconds: { latent: [1, 2, 3], written: 12 },
    });
    expectDocumented(cotBaseline, result);
    const { cost, equalAccuracy } = result.tables;
    expect(cost?.map((r) => [r.way, r.loops, r.tokens, r.milliseconds])).toEqual([
      ['latent', 1, 1, 1],
      ['latent', 2, 1, 2],
      ['latent', 3, 1, 3],
      ['written', 1, 6, 12],
    ]);
    // Both are always right at full depth, so the latent answer saves five symbols.
    expect(equalAccuracy?.[0]).toMatchObject({
      loops: 3,
      tokensSaved: 5,
      latentAccuracy: 1,
      writtenAccuracy: 1,
      millisecondsRatio: 4,
    });
  });

  it('says what it needs', async () => {
    expect((await cotBaseline.run(circuitContext())).skipped).toMatch(/a run that writes its chain/);
  });
});

describe('answerTimes', () => {
  it('times every number of loops, and what is written', async () => {
    const words = groupWords({ group: 'S3', seq: 8 });
    const of = (task: Task, loops: number) => {
      const model = modelConfig({ vocab: task.vocab, dModel: 8, heads: 2, layers: 1, loops, dFF: 12 });
      const strategy = loopLM();
      return { model, strategy, params: initParams(paramSpecs(model, strategy), key(0)), task };
    };
    const context = { ...of(words, 3), seed: 0, rows: 4, progress: () => {} };
    expect((await answerTimes(context)).written).toBeUndefined();
    const { latent = [], written = 0 } = await answerTimes({ ...context, writer: of(withChain(words), 1) });
    expect(latent).toHaveLength(3);
    for (const ms of latent) expect(ms).toBeGreaterThan(0);
    expect(written, 'ten symbols one after another').toBeGreaterThan(latent[0] as number);
  });
});

describe('answerTimes, of a strategy that is read at its end alone', () => {
  it('times that end', async () => {
    const task = groupWords({ group: 'S3', seq: 4 });
    const model = modelConfig({ vocab: task.vocab, dModel: 8, heads: 2, layers: 1, loops: 3, dFF: 12 });
    const strategy = isoFlop();
    const params = initParams(paramSpecs(model, strategy), key(0));
    const { latent } = await answerTimes({ model, strategy, params, task, seed: 0, rows: 4, progress: () => {} });
    expect(latent).toEqual([Number.NaN, Number.NaN, expect.any(Number)]);
    expect(latent?.[2]).toBeGreaterThan(0);
  });
});

describe('cost', () => {
  it('of an answer is the prompt and one token at each length', () => {
    const { model, strategy } = circuitContext({ loops: 2 });
    const f = (seq: number) => flops(model, strategy, { batch: 1, seq, loops: 2 });
    expect(answerFlops(model, strategy, { prompt: 5, tokens: 1, loops: 2 })).toBe(f(5));
    expect(answerFlops(model, strategy, { prompt: 5, tokens: 3, loops: 2 })).toBeCloseTo(f(5) + f(6) / 6 + f(7) / 7, 6);
    expect(() => answerFlops(model, strategy, { prompt: 0, tokens: 1, loops: 2 })).toThrow('at least one symbol each');
  });

  it('at equal accuracy is that of the cheapest latent answer that keeps up', () => {
    const of = (loops: number, accuracy: number, cost: number): AnswerCost => ({
      loops,
      tokens: 1,
      flops: cost,
      milliseconds: Number.NaN,
      accuracy: { n: 100, value: accuracy, lo: accuracy - 0.05, hi: accuracy + 0.05 },
    });
    const written = { ...of(1, 0.8, 1000), tokens: 9 };
    const equal = atEqualAccuracy([of(1, 0.5, 100), of(2, 0.76, 200), of(3, 0.9, 300)], written);
    expect(equal).toMatchObject({ latent: { loops: 2 }, tokensSaved: 8, flopsRatio: 5 });
    expect(equal?.millisecondsRatio).toBeNaN();
    expect(atEqualAccuracy([of(1, 0.5, 100)], written)).toBeUndefined();
    // Of 256 answers one wrong is no measurable difference from none, twenty are.
    const hits = (n: number): AnswerCost => ({ ...of(4, 0, 400), accuracy: proportion(n, 256) });
    expect(atEqualAccuracy([hits(255)], hits(256))).toBeDefined();
    expect(atEqualAccuracy([hits(236)], hits(256))).toBeUndefined();
  });
});
