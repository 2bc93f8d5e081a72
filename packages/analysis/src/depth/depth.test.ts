// Depth and agreement of a circuit whose answers after every loop can be worked out from the symbols alone.
import { useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { agreement } from '../agreement/agreement.ts';
import type { AnalysisContext } from '../context.ts';
import type { Table } from '../table.ts';
import { circuitContext } from '../testing/circuit.ts';
import { expectDocumented } from '../testing/columns.ts';
import { depth } from './depth.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

/** The circuit's answer at each token after `loop` loops, and the targets, from the symbols. */
function expected(context: AnalysisContext, modulus: number, loop: number): { answer: number[]; target: number[] } {
  const { ids, seq } = context.task.validation(0, context.rows);
  const target = Array.from(ids, (_, i) => {
    const row = Math.floor(i / seq) * seq;
    return Array.from(ids.slice(row, i + 1)).reduce((a, b) => a + b, 0) % modulus;
  });
  return { target, answer: Array.from(ids, (x, i) => (i % seq <= loop ? (target[i] ?? 0) : x)) };
}
const share = (hits: readonly boolean[]): number => hits.filter(Boolean).length / hits.length;
const find = (table: Table | undefined, want: object) =>
  table?.find((r) => Object.entries(want).every(([k, v]) => r[k] === v));

describe('depth', () => {
  const half = (h: tf.Tensor): tf.Tensor => tf.zeros(h.shape.slice(0, 2)); // lambda = 1/2
  const context = (): AnalysisContext => circuitContext({ modulus: 5, seq: 5, loops: 3, rows: 60, halt: half });

  it('counts right answers by loop and difficulty, exits by probability', async () => {
    const c = context();
    const result = await depth.run(c);
    expectDocumented(depth, result);
    const { loops, exits, difficulty, depthByDifficulty, correlation } = result.tables;
    expect(loops?.map((r) => [r.loop, r.trained])).toEqual([1, 2, 3, 4, 5, 6].map((n) => [n, n <= 3]));
    for (const n of [1, 2, 3, 4, 6]) {
      const { answer, target } = expected(c, 5, n);
      const right = share(target.map((x, i) => x === answer[i]));
      expect(find(loops, { loop: n })?.accuracy).toBeCloseTo(right, 12);
      // a wrong answer costs 20 nats (logits 20 and 0, five symbols), a right one 8e-9
      expect(find(loops, { loop: n })?.loss).toBeCloseTo(20 * (1 - right), 4);
      for (const steps of [1, 3, 5]) {
        const those = target.flatMap((x, i) => ((i % 5) + 1 === steps ? [x === answer[i]] : []));
        expect(find(difficulty, { steps, loop: n })?.accuracy).toBeCloseTo(share(those), 12);
      }
    }
    expect(exits?.map((r) => r.probability)).toEqual([0.5, 0.25, 0.25]);
    expect(depthByDifficulty?.map((r) => r.expectedLoops)).toEqual([1.75, 1.75, 1.75, 1.75, 1.75]);
    // Position p (difficulty p + 1) is right from loop p on, unless the sum before it happens to be 0.
    expect(find(depthByDifficulty, { steps: 1 })?.firstRight).toBe(1);
    expect(Number(find(depthByDifficulty, { steps: 4 })?.firstRight)).toBeGreaterThan(2.3);
    // A gate that never varies has no correlation; the circuit's own depth has.
    expect(find(correlation, { measure: 'expected loops' })?.rho).toBeNull();
    expect(Number(find(correlation, { measure: 'first right loop' })?.rho)).toBeGreaterThan(0.6);
    const interval = find(loops, { loop: 1 });
    expect(Number(interval?.accuracyLo)).toBeLessThan(Number(interval?.accuracy));
    expect(Number(interval?.accuracyHi)).toBeGreaterThan(Number(interval?.accuracy));
  });

  it('agrees between loops exactly where the symbols say so', async () => {
    const c = context();
    const result = await agreement.run(c);
    expectDocumented(agreement, result);
    for (const [i, j] of [
      [1, 1],
      [1, 3],
      [2, 6],
    ] as const) {
      const [a, b] = [expected(c, 5, i).answer, expected(c, 5, j).answer];
      const same = a.filter((x, n) => x === b[n]).length;
      expect(find(result.tables.agreement, { i, j })).toMatchObject({ same, tokens: 300 });
    }
    const { decided } = result.tables;
    expect(decided?.at(-1)?.share).toBe(1);
    const total = decided?.reduce((sum, r) => sum + Number(r.newly), 0);
    expect(total).toBeCloseTo(1, 12);
    const [one, three] = [expected(c, 5, 1).answer, expected(c, 5, 3).answer];
    const two = expected(c, 5, 2).answer;
    expect(decided?.[0]?.share).toBeCloseTo(share(three.map((x, n) => x === one[n] && x === two[n])), 12);
  });

  it('does not apply to one loop', async () => {
    const c = circuitContext({ loops: 1 });
    expect((await depth.run(c)).skipped).toBe('does not apply: the model has one loop only');
  });
});
