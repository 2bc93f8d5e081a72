// Alignment and interchange on the circuit: loop k carries the running sum from place k - 1 to place k.
import { initParams, key, modelConfig, paramSpecs, sharedFirst } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { groupWords, mano, withChain } from '@looplab/tasks';
import { beforeAll, describe, expect, it } from 'vitest';
import { instances } from '../instances.ts';
import { probes } from '../probes/probes.ts';
import { circuitContext, echo } from '../testing/circuit.ts';
import { expectDocumented } from '../testing/columns.ts';
import { alignment } from './alignment.ts';
import { causal } from './causal.ts';
import { edits } from './edits.ts';
import { interchange } from './interchange.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

describe('alignment', () => {
  it('finds the circuit working its chain out in order', async () => {
    const context = circuitContext({ modulus: 5, seq: 5, loops: 4, rows: 100 });
    const result = await alignment.run(context);
    expectDocumented(alignment, result);
    const { steps, score, ckaLoops } = result.tables;
    // Step 1 is the first symbol itself; step s is there from loop s - 1 on.
    expect(steps?.map((r) => [r.step, r.firstLoop, r.best])).toEqual([1, 2, 3, 4, 5].map((s) => [s, s - 1, 1]));
    for (const r of score ?? []) expect(Number(r.value)).toBeGreaterThan(0.9);
    for (const r of score ?? []) expect(r.p).toBeCloseTo(1 / 120, 6);
    const same = ckaLoops?.filter((r) => r.i === r.j).map((r) => r.cka);
    for (const c of same ?? []) expect(Number(c)).toBeCloseTo(1, 10);
    // The answer's place holds a symbol until the last loop: equal before, unrelated to the sum after.
    const at = (i: number, j: number) => Number(ckaLoops?.find((r) => r.i === i && r.j === j)?.cka);
    expect(at(0, 3)).toBeCloseTo(1, 10);
    expect(Math.abs(at(0, 4))).toBeLessThan(0.1);
    expect(result.notes.join(' ')).toContain('pass one as context.writer');
  });
});

it('alignment and probes are tables of the same probes, which are fitted once', async () => {
  const told: string[] = [];
  const circuit = circuitContext({ modulus: 3, seq: 3, loops: 2, rows: 40 });
  const context = { ...circuit, progress: (text: string) => told.push(text) };
  const { tables } = await alignment.run(context);
  const fitted = (): number => told.filter((text) => text.startsWith('probing')).length;
  const before = fitted();
  expect(before).toBeGreaterThan(0);
  const cells = (await probes.run(context)).tables.probes ?? [];
  expect(fitted()).toBe(before);
  for (const { step, loop, site, accuracy } of tables.decodability ?? []) {
    const own = cells.filter((c) => c.target === `value ${step}` && c.loop === loop);
    expect(own.find((c) => c.site === site)?.accuracy).toBe(accuracy);
    expect(Math.max(...own.map((c) => Number(c.accuracy)))).toBe(accuracy);
  }
});

describe('CKA with a model that writes', () => {
  const setup = () => {
    const context = circuitContext({ modulus: 5, seq: 3, loops: 2, rows: 60 });
    const model = modelConfig({ vocab: 7, dModel: 2, heads: 1, layers: 1, dFF: 2 });
    const strategy = echo(7);
    const params = initParams(paramSpecs(model, strategy), key(0));
    return { context, writer: { model, strategy, params, task: withChain(context.task) } };
  };

  it('is 1 where both hold the same value: the place of step s, and where step s was just written', async () => {
    const { context, writer } = setup();
    const result = await alignment.run({ ...context, writer });
    expectDocumented(alignment, result);
    const at = (loop: number, site: string, step: number) =>
      result.tables.ckaWriter?.find((r) => r.loop === loop && r.site === site && r.step === step)?.cka;
    // The writer's state where step 2 is about to be written is the one-hot of value 1, the first symbol.
    expect(Number(at(0, 'step 1', 2))).toBeCloseTo(1, 10);
    expect(Number(at(1, 'step 2', 3))).toBeCloseTo(1, 10);
    expect(Math.abs(Number(at(0, 'step 2', 3)))).toBeLessThan(0.15); // the second symbol tells nothing of the sum
    expect(at(0, 'step 1', 1)).toBeNull(); // at the mark every state is the same
  });

  it('is refused for another task', async () => {
    const { context, writer } = setup();
    const other = { ...writer, task: withChain(groupWords({ group: 'Z5', seq: 4 })) };
    await expect(alignment.run({ ...context, writer: other })).rejects.toThrow('it writes the chains of another task');
    await expect(alignment.run({ ...context, writer: { ...writer, task: context.task } })).rejects.toThrow(
      'task groupWords does not write its chain; pass a run that was trained on withChain(groupWords)',
    );
  });
});

describe('edits', () => {
  const task = mano({ modulus: 7, maxOps: 3 });

  it('change one symbol, keep the shape of the chain, and change what lies on the way to the answer', () => {
    const problems = instances({ ...circuitContext(), task, rows: 40 });
    const found = edits(task, problems, key(3));
    expect(found.length).toBeGreaterThan(25);
    for (const e of found) {
      const differ = Array.from(e.ids).flatMap((id, i) => (id === e.base.ids[i] ? [] : [i]));
      expect(differ).toEqual([e.position]);
      const chain = task.chain?.(e.ids) ?? [];
      expect(chain.map((s) => s.position)).toEqual(e.base.chain.map((s) => s.position));
      expect(chain.at(-1)?.token).toBe(e.answer);
      expect(e.answer).not.toBe(e.base.answer);
      expect(e.steps).toContain(3); // the last step is the answer
      for (const [i, s] of chain.entries()) expect(e.steps.includes(i + 1)).toBe(s.token !== e.base.chain[i]?.token);
    }
    expect(edits(task, problems, key(3))).toEqual(found);
  });
});

describe('interchange', () => {
  it('is followed exactly between the loop that makes a value and the one that reads it', async () => {
    const context = circuitContext({ modulus: 7, seq: 4, loops: 3, rows: 60 });
    const pairs = edits(context.task, instances(context), key(1));
    const { run, release } = interchange(context, 16);
    for (let place = 0; place < 4; place++) {
      const { base, twin, patched } = await run(pairs.map((edit) => ({ edit, place })));
      expect(patched).toHaveLength(3);
      for (let loop = 0; loop < 3; loop++)
        for (const [i, e] of pairs.entries()) {
          expect(base[i]).toBe(e.base.answer);
          expect(twin[i]).toBe(e.answer);
          // At place p the state after loop t is the sum up to p if p <= t, else the symbol; loop p + 1 reads it, the
          // answer's place keeps it.
          const differs = place <= loop ? e.position <= place : e.position === place;
          const read = place === 3 || loop <= place;
          expect(patched[loop]?.[i]).toBe(differs && read ? e.answer : e.base.answer);
        }
    }
    await release();
  });

  it('becomes a table', async () => {
    const context = circuitContext({ modulus: 7, seq: 4, loops: 3, rows: 60 });
    const result = await causal.run(context);
    expectDocumented(causal, result);
    const rows = result.tables.interchange ?? [];
    const at = (step: number | null, loop: number) => rows.find((r) => r.step === step && r.loop === loop);
    // Value s is made in loop s - 1 and read in loop s.
    for (const s of [1, 2, 3]) {
      expect(at(s, s - 1)?.follows).toBe(1);
      if (s < 3) expect(at(s, s)).toMatchObject({ follows: 0, stays: 1, other: 0 });
    }
    expect(Number(at(3, 0)?.follows)).toBeLessThan(0.9); // its place holds a symbol yet
    expect(Number(at(null, 0)?.follows)).toBeLessThan(0.5);
  });

  it('asks for as many steps as the model masters, where every step is answered at its place', async () => {
    // Two loops of a word of five: sums of three symbols are right, those of four and five are not.
    const context = circuitContext({ modulus: 7, seq: 5, loops: 2, rows: 60 });
    const result = await causal.run(context);
    expect(result.notes.join(' ')).toContain('that after 3 of 5 chain steps');
    const rows = result.tables.interchange ?? [];
    expect(rows.find((r) => r.step === 2 && r.loop === 1)?.follows).toBe(1);
    expect(rows.some((r) => r.step === 4)).toBe(false);
  });

  it('says why it does not apply', async () => {
    const shared = circuitContext({ modulus: 7, seq: 4, loops: 3, rows: 60 });
    const strategy = { ...shared.strategy, kv: sharedFirst() };
    const params = shared.params;
    expect((await causal.run({ ...shared, strategy, params })).skipped).toMatch(
      /does not apply: kv policy sharedFirst/,
    );
    const one = circuitContext({ modulus: 7, seq: 4, loops: 3, rows: 4 });
    expect((await causal.run(one)).skipped).toMatch(/of 4 problems of task groupWords only \d can be changed/);
  });
});
