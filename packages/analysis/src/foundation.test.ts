// What the analyses read of a model, on a circuit whose every state is known.

import { initParams, key, modelConfig, paramSpecs, plain } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { addition, groupWords, mano, type Task, withChain } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { defineAnalysis } from './analysis.ts';
import { DivergedError } from './analysisError.ts';
import { type AnalysisContext, assertContext } from './context.ts';
import { instances } from './instances.ts';
import { readouts } from './readouts.ts';
import { answerSite, siteStates, sitesOf } from './sites.ts';
import { circuit, circuitContext } from './testing/circuit.ts';
import { tinyLoopLM } from './testing/tinyLoopLM.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

describe('readouts', () => {
  it('are right exactly where the circuit has arrived, beyond the trained depth too', async () => {
    const context = circuitContext({ modulus: 5, seq: 4, loops: 2, rows: 20 });
    const r = await readouts(context);
    expect([r.tokens, r.loops, r.trained]).toEqual([80, [1, 2, 3, 4], 2]);
    for (const [t, answer] of r.answer.entries()) {
      for (let i = 0; i < r.tokens; i++) {
        const position = r.position[i] ?? -1;
        if (position <= t + 1) expect(answer[i]).toBe(r.target[i]);
      }
    }
    // Logits are 20 and 0, so a wrong answer costs 20 nats and a right one log(1 + 4 e^-20).
    const [first] = r.loss;
    const costs = new Set(Array.from(first ?? [], (x) => Math.round(x)));
    expect([...costs].sort()).toEqual([0, 20]);
    expect(Math.min(...(r.confidence[0] ?? []))).toBeGreaterThan(0.99);
    expect(r.halt).toEqual([]);
    // Loop 1 changes position 1 by sqrt 2 unless the first symbol is 0, and nothing else.
    const row = (i: number, field: readonly Float32Array[]) => Array.from(field[0]?.slice(4 * i, 4 * i + 4) ?? []);
    const ids = context.task.validation(0, 16).ids;
    for (let i = 0; i < 16; i++) {
      const moved = ids[4 * i] === 0 ? 0 : Math.SQRT2;
      expect(row(i, r.change).map((x) => Math.round(x * 1e5) / 1e5)).toEqual([0, Math.round(moved * 1e5) / 1e5, 0, 0]);
    }
  });

  it('do not depend on the batch size and are computed once', async () => {
    const context = circuitContext({ rows: 10 });
    const again = { ...context, batch: 3 };
    expect(readouts({ ...context, progress: () => {} })).toBe(readouts(context));
    expect(readouts({ ...context, seed: 1 })).not.toBe(readouts(context));
    expect((await readouts(again)).loss).toEqual((await readouts(context)).loss);
  });

  it('names a diverged checkpoint', async () => {
    const context = circuitContext({ rows: 4 });
    const broken = {
      ...context,
      strategy: { ...context.strategy, read: (s: { h: tf.Tensor }) => tf.mul(s.h, Number.NaN) },
    } as typeof context; // reads of a Hidden state
    await expect(readouts(broken)).rejects.toThrow('the loss after loop 1 is not a number');
    await expect(readouts(broken)).rejects.toBeInstanceOf(DivergedError);
  });
});

describe('instances', () => {
  const of = (task: Task, rows = 6) => instances({ ...circuitContext(), task, rows });

  it('find the answer of every kind of row', () => {
    for (const x of of(groupWords({ group: 'Z5', seq: 4 }))) {
      expect(x.answerAt).toBe(3);
      expect(x.answer).toBe(x.ids.reduce((a, b) => a + b) % 5);
      expect(x.chain.map((s) => s.position)).toEqual([0, 1, 2, 3]);
    }
    for (const x of of(mano({ modulus: 7, maxOps: 3 }))) {
      expect(x.chain).toHaveLength(3);
      expect(x.chain.at(-1)?.token).toBe(x.answer);
    }
    const packed = of(mano({ modulus: 7, maxOps: 2, packing: 'open', seq: 30 }));
    expect(packed.length).toBeGreaterThan(6);
    for (const x of packed) expect(x.chain.at(-1)?.token).toBe(x.answer);
    const sums = addition({ maxOperands: 2, digits: 2 });
    for (const x of of(sums)) {
      expect(x.answers).toHaveLength(3);
      expect(sums.decode([x.ids[x.answerAt] ?? -1])).toBe('=');
      expect(x.answer).toBe(x.chain[0]?.token); // the last digit comes first
    }
    const written = withChain(groupWords({ group: 'Z5', seq: 4 }));
    for (const x of of(written)) {
      expect(x.ids[x.answerAt]).toBe(written.answerMark);
      expect(x.answer).toBe(x.chain.at(-1)?.token);
    }
  });
});

describe('siteStates', () => {
  it('are the vectors at the named places', async () => {
    const context = circuitContext({ modulus: 3, seq: 3, rows: 8 });
    const problems = instances(context);
    const sites = sitesOf(problems);
    expect(sites.map((s) => s.name)).toEqual(['step 1', 'step 2', 'step 3', 'answer']);
    const states = await siteStates(context, problems, sites);
    expect([states.loops, states.width]).toEqual([2, 3]);
    for (const [i, x] of problems.entries()) {
      const at = (t: number, s: number) => Array.from(states.vectors(t, s).slice(3 * i, 3 * i + 3)).indexOf(1);
      expect([0, 1, 2].map((s) => at(0, s))).toEqual(Array.from(x.ids));
      expect([0, 1, 2].map((s) => at(2, s))).toEqual(x.chain.map((c) => c.token));
      expect(at(2, 3)).toBe(x.answer);
    }
  });
});

describe('siteStates with layers', () => {
  it('are what each layer makes, the last of a loop its state before the norm', async () => {
    const context = tinyLoopLM({ layers: 2, loops: 3, rows: 4 });
    const problems = instances(context);
    const { afterLayers, afterLoops, width } = await siteStates(context, problems, sitesOf(problems), { layers: true });
    expect(afterLayers.map((p) => [p.loop, p.layer])).toEqual([1, 2, 3].flatMap((t) => [1, 2].map((l) => [t, l])));
    for (const { loop, layer, vectors } of afterLayers) {
      const made = vectors(0).subarray(0, width);
      const size = Math.sqrt(made.reduce((sum, x) => sum + x * x, 0) / width);
      const state = afterLoops[loop]?.vectors(0).subarray(0, width) ?? [];
      const apart = Math.max(...made.map((x, i) => Math.abs(x / size - (state[i] ?? Number.NaN))));
      if (layer === 2) expect(apart).toBeLessThan(1e-3);
      else expect(apart).toBeGreaterThan(0.05);
    }
  });

  it('are none where a loop is one layer, or nobody asks', async () => {
    const one = tinyLoopLM({ rows: 4 });
    const two = tinyLoopLM({ layers: 2, rows: 4 });
    const of = async (context: AnalysisContext, layers: boolean) =>
      (await siteStates(context, instances(context), [answerSite], { layers })).afterLayers;
    expect(await of(one, true)).toEqual([]);
    expect(await of(two, false)).toEqual([]);
  });
});

describe('bad input', () => {
  it('a checkpoint of another task is named, with the fix', () => {
    const context = circuitContext();
    const other = { ...context, task: groupWords({ group: 'S3', seq: 4 }) };
    expect(() => assertContext(other)).toThrow(
      'the checkpoint is of another task: the model has 5 symbols, task groupWords has 6; pass the model, strategy and task that the run was trained with',
    );
    const wider = modelConfig({ ...context.model, dModel: 4 });
    expect(() => assertContext({ ...context, model: wider })).toThrow(/is \[5,2\], the model's is \[5,4\]/);
    expect(() => assertContext({ ...context, params: {} })).toThrow("the parameters lack 'model.embed_tokens.weight'");
    expect(() => assertContext({ ...context, rows: 0 })).toThrow('rows must be a whole number >= 1 (got 0)');
  });

  it('an analysis that does not apply says why', async () => {
    const model = modelConfig({ vocab: 5, dModel: 2, heads: 1, layers: 1 });
    const context = { ...circuitContext(), model, strategy: plain() };
    const params = initParams(paramSpecs(model, context.strategy), key(0));
    const entry = (needs: Parameters<typeof defineAnalysis>[0]['needs']) =>
      defineAnalysis({ id: 'x', title: 'x', needs, tables: {}, run: async () => ({ tables: {}, notes: [] }) });
    const skipped = async (needs: Parameters<typeof entry>[0]) =>
      (await entry(needs).run({ ...context, params })).skipped;
    expect(await skipped(['loops'])).toBe('does not apply: the model has one loop only');
    expect(await skipped(['readouts'])).toBe('does not apply: strategy plain can only be read after its last loop');
    expect(await skipped(['chain'])).toBeUndefined();
    expect(circuit(5).gives).toEqual(['readouts']);
  });
});
