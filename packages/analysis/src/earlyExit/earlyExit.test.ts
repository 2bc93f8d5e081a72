// Early exit under rules whose stops are known, Pareto fronts by hand, calibration of known probabilities.
import { exitRules, fixedDepth, flops, key, qExit, randint, residual, uniform } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { proportion } from '../statistics/interval.ts';
import { circuitContext } from '../testing/circuit.ts';
import { expectDocumented } from '../testing/columns.ts';
import { calibrationError, reliability } from './calibration.ts';
import { earlyExit } from './earlyExit.ts';
import { areaUnderFront, paretoFront } from './front.ts';
import { runRule, thresholdsOf } from './runRule.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const half = (h: tf.Tensor): tf.Tensor => tf.zeros(h.shape.slice(0, 2)); // lambda = 1/2

describe('front', () => {
  const p = (cost: number, accuracy: number) => ({ cost, accuracy });

  it('keeps what nothing beats', () => {
    const points = [p(2, 0.7), p(1, 0.5), p(3, 0.7), p(2, 0.6), p(4, 0.9), p(1, 0.4)];
    expect(paretoFront(points)).toEqual([p(1, 0.5), p(2, 0.7), p(4, 0.9)]);
  });

  it('has the area of its trapezia, level beyond the last point', () => {
    expect(areaUnderFront([p(1, 0.5), p(3, 0.9)], 1, 3)).toBeCloseTo(0.7, 12);
    expect(areaUnderFront([p(1, 0.5), p(2, 0.9)], 1, 3)).toBeCloseTo((0.7 + 0.9) / 2, 12);
    expect(areaUnderFront([p(1, 0.5), p(5, 0.9)], 1, 3)).toBeCloseTo((0.5 + 0.7) / 2, 12);
    expect(areaUnderFront([p(1, 0.5)], 1, 3)).toBeCloseTo(0.5, 12);
    expect(areaUnderFront([p(2, 0.5)], 1, 3)).toBeNaN();
  });
});

describe('runRule', () => {
  it('stops where the gate says: lambda = 1/2 passes 0.5 after one loop, 0.75 after two', async () => {
    const context = circuitContext({ modulus: 5, seq: 4, loops: 3, rows: 20, halt: half });
    const outcomes = await runRule(context, qExit(), [0.4, 0.6, 0.8]);
    const depth = await runRule(context, fixedDepth({ depth: 2 }));
    expect(outcomes.map((o) => o.depths)).toEqual([
      [80, 0, 0],
      [0, 80, 0],
      [0, 0, 80],
    ]);
    expect(outcomes[1]?.right).toEqual(depth[0]?.right);
    expect(new Set(outcomes[2]?.right)).toEqual(new Set([1])); // three loops finish the circuit
  });

  it('freezes a token at its first loop without change, however much was still to come', async () => {
    const context = circuitContext({ modulus: 5, seq: 4, loops: 3, rows: 20 });
    const [outcome] = await runRule(context, residual(), [1e-3]);
    const { ids } = context.task.validation(0, 20);
    for (let i = 0; i < 80; i++) {
      // Loop 1 adds symbol 0 to place 1 alone; everything else rests in loop 1 and is frozen as it was.
      const moves = i % 4 === 1 && ids[i - 1] !== 0;
      expect(outcome?.loops[i]).toBe(moves ? 2 : 1);
    }
  });

  it('tries thresholds between the ends of the rule', () => {
    expect(thresholdsOf(qExit(), 3)).toEqual([0, 0.5, 1]);
    const [early, middle, late] = thresholdsOf(residual(), 3);
    expect((middle ?? 0) ** 2).toBeCloseTo((early ?? 0) * (late ?? 0), 10);
  });
});

describe('calibration', () => {
  const rows = (n: number) => Int32Array.from({ length: n }, (_, i) => i);

  it('is perfect where shares are as predicted', () => {
    const predicted = Float64Array.from({ length: 400 }, (_, i) => (i < 200 ? 0.25 : 0.75));
    const happened = predicted.map((p, i) => (i % 4 < 4 * p ? 1 : 0));
    const of = { predicted, happened, row: rows(400) };
    expect(calibrationError(of, { key: key(0) }).value).toBe(0);
    expect(reliability(of).map((b) => [b.from, b.predicted, b.happened.value, b.n])).toEqual([
      [0.2, 0.25, 0.25, 200],
      [0.7, 0.75, 0.75, 200],
    ]);
  });

  it('is off by what is claimed too much', () => {
    const predicted = new Float64Array(100).fill(0.9);
    const happened = Float64Array.from({ length: 100 }, (_, i) => i % 2);
    const { value, lo, hi } = calibrationError({ predicted, happened, row: rows(100) }, { key: key(0) });
    expect(value).toBeCloseTo(0.4, 12);
    expect(lo).toBeLessThan(0.4);
    expect(hi).toBeGreaterThan(0.4);
    expect(reliability({ predicted: Float64Array.of(1), happened: Float64Array.of(1), row: rows(1) })[0]?.to).toBe(1);
  });

  it('is as certain as its rows are many', () => {
    // 100 tokens of 10 rows that each agree: Wilson's interval of 5 of 10, not of 50 of 100.
    const predicted = new Float64Array(100).fill(0.5);
    const row = Int32Array.from({ length: 100 }, (_, i) => Math.floor(i / 10));
    const happened = Float64Array.from(row, (r) => r % 2);
    const [bin] = reliability({ predicted, happened, row });
    const whole = proportion(4.5, 9); // 10 rows less the one degree of freedom of their mean
    expect([bin?.n, bin?.happened.value]).toEqual([100, 0.5]);
    expect(bin?.happened.lo).toBeCloseTo(whole.lo, 12);
    expect(bin?.happened.hi).toBeCloseTo(whole.hi, 12);
    const [all] = reliability({ predicted, happened: new Float64Array(100).fill(1), row });
    expect(all?.happened).toEqual({ ...proportion(10, 10), n: 100 });
    // One token a row: as before.
    expect(reliability({ predicted, happened, row: rows(100) })[0]?.happened).toEqual(proportion(50, 100));
  });

  it('stays small for honest probabilities', () => {
    const predicted = Float64Array.from(uniform(key(1), 4000));
    const happened = Float64Array.from(uniform(key(2), 4000), (u, i) => (u < (predicted[i] ?? 0) ? 1 : 0));
    const row = randint(key(3), 4000, 500);
    expect(calibrationError({ predicted, happened, row }, { key: key(0) }).value).toBeLessThan(0.04);
  });
});

describe('earlyExit', () => {
  it('tries every rule and documents its tables', async () => {
    const context = circuitContext({ modulus: 3, seq: 3, loops: 2, rows: 12, halt: half });
    const result = await earlyExit.run(context);
    expectDocumented(earlyExit, result);
    const { points, area, calibration } = result.tables;
    expect(new Set(points?.map((p) => p.rule))).toEqual(new Set(exitRules.map((r) => r.id)));
    const fixed = points?.filter((p) => p.rule === 'fixedDepth') ?? [];
    expect(fixed.map((p) => [p.threshold, p.loops, p.share])).toEqual([
      [1, 1, Number(fixed[0]?.flops) / Number(fixed[1]?.flops)],
      [2, 2, 1],
    ]);
    expect(fixed[1]?.flops).toBe(flops(context.model, context.strategy, { batch: 1, seq: 3, loops: 2 }));
    // The gate knows nothing, so it gives what fixed depths give; the full depth is always right.
    for (const p of points?.filter((x) => x.rule === 'qExit') ?? [])
      expect(p.accuracy).toBe(fixed[Number(p.loops) - 1]?.accuracy);
    expect(fixed[1]?.accuracy).toBe(1);
    for (const a of area ?? []) {
      expect(Number(a.areaByLoops)).toBeGreaterThan(Number(fixed[0]?.accuracy));
      expect(Number(a.areaByLoops)).toBeLessThanOrEqual(1);
    }
    expect(calibration?.map((c) => [c.source, c.event, c.loop])).toEqual([
      ['confidence', 'right', 1],
      ['gate', 'right', 1],
      ['gate', 'settled', 1],
      ['gate', 'no gain', 1],
      ['confidence', 'right', 2],
    ]);
    // Certain of everything and right at the end; the gate says 1/2 throughout.
    expect(Number(calibration?.at(-1)?.error)).toBeCloseTo(0, 6);
    const settled = calibration?.find((c) => c.event === 'settled');
    expect(Number(settled?.error)).toBeCloseTo(Math.abs(0.5 - Number(fixed[0]?.accuracy)), 6);
  });

  it('leaves out rules that need a gate', async () => {
    const result = await earlyExit.run(circuitContext({ modulus: 3, seq: 3, loops: 2, rows: 4 }));
    expect(result.notes.join(' ')).toContain('Without a gate, qExit, bernoulli do not apply.');
    expect(result.tables.points?.some((p) => p.rule === 'qExit')).toBe(false);
  });
});
