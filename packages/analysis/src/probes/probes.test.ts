// The probe heat map of a circuit whose contents are known at every place and loop.
import { useDevice } from '@looplab/engine';
import { beforeAll, describe, expect, it } from 'vitest';
import { instances } from '../instances.ts';
import { answerSite, siteStates, stepSite } from '../sites.ts';
import { circuitContext } from '../testing/circuit.ts';
import { expectDocumented } from '../testing/columns.ts';
import { tinyLoopLM } from '../testing/tinyLoopLM.ts';
import { chainTargets, heatMap, stepsToProbe } from './heatMap.ts';
import { probes } from './probes.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

describe('probes', () => {
  it('find each running sum at its place from its loop on, and nowhere before', async () => {
    const context = circuitContext({ modulus: 5, seq: 4, rows: 120 });
    const { tables } = await probes.run(context);
    const rows = tables.probes ?? [];
    const at = (target: string, site: string, loop: number) =>
      rows.find((r) => r.target === target && r.site === site && r.loop === loop);
    for (let s = 1; s <= 4; s++)
      for (let loop = 0; loop <= 3; loop++) {
        const found = at(`value ${s}`, `step ${s}`, loop);
        const { accuracy, majority, samples } = found as unknown as Record<string, number>; // columns that are numbers
        expect(samples).toBe(120);
        // Value s is at place s from loop s - 1 on; before, its place holds a symbol that tells nothing of it.
        if (loop >= s - 1) expect(accuracy).toBe(1);
        else expect(accuracy).toBeLessThan((majority ?? 0) + 0.15);
      }
    // A circuit that has arrived says the answer.
    expect(at('model answer', 'answer', 3)?.accuracy).toBe(1);
    expect(at('answer', 'step 1', 3)?.accuracy).toBeLessThan(0.5);
    // Places before a value's own are left out.
    expect(at('value 3', 'step 2', 3)).toBeUndefined();
    // The control labels depend on the symbol read at the place, which the sum hides: selective.
    expect(at('value 4', 'step 4', 3)?.selectivity).toBeGreaterThan(0.4);
    // Before the first loop the place holds just that symbol: the control is read off, the value is not.
    expect(at('value 4', 'step 4', 0)?.control).toBe(1);
  });

  it('are logistic where that is asked for', async () => {
    const context = circuitContext({ modulus: 5, seq: 4, rows: 120 });
    const ridge = await probes.run(context);
    const { tables, notes } = await probes.run({ ...context, probe: 'logistic' });
    expect(notes[0]).toMatch(/^Logistic probes/);
    const rows = tables.probes ?? [];
    for (const r of rows)
      if (r.target === 'model answer' && r.loop === 3 && r.site === 'answer') expect(r.accuracy).toBe(1);
    expect(rows.map((r) => [r.target, r.site, r.loop])).toEqual(
      ridge.tables.probes?.map((r) => [r.target, r.site, r.loop]),
    );
    expect(rows).not.toEqual(ridge.tables.probes); // chance is guessed otherwise
  });

  it('look inside loops of several layers', async () => {
    const result = await probes.run(tinyLoopLM({ layers: 2, loops: 2, rows: 40 }));
    expectDocumented(probes, result);
    const answers = (result.tables.layers ?? []).filter((r) => r.target === 'answer' && r.site === 'answer');
    expect(answers.map((r) => [r.loop, r.layer, r.computed])).toEqual([
      [1, 1, 1],
      [1, 2, 2],
      [2, 1, 3],
      [2, 2, 4],
    ]);
    expect((await probes.run(tinyLoopLM({ rows: 40 }))).tables.layers).toEqual([]);
  });

  it('says which values have one class, and refuses too few rows', async () => {
    await expect(probes.run(circuitContext({ rows: 20 }))).rejects.toThrow(
      'a probe with 5 folds needs at least 25 independent rows (got 20)',
    );
    const context = circuitContext({ modulus: 2, seq: 2, rows: 40 });
    const problems = instances(context);
    const states = await siteStates(context, problems, [stepSite(1), answerSite]);
    const [first, answer] = chainTargets(states, [1]);
    if (!first || !answer) throw new Error('two targets');
    const cells = heatMap(states, [{ ...first, labels: new Int32Array(40) }, answer], { seed: 0 });
    expect(new Set(cells.map((c) => c.target))).toEqual(new Set(['answer']));
  });

  it('spreads over long chains', () => {
    expect(stepsToProbe(3)).toEqual([1, 2, 3]);
    expect(stepsToProbe(64)).toEqual([1, 10, 19, 28, 37, 46, 55, 64]);
  });
});
