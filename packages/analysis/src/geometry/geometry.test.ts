// Principal components of planted directions; movement and logit lens of the circuit, whose states are one-hot.
import { key, normal } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { instances } from '../instances.ts';
import { features } from '../linear/features.ts';
import { principalComponents, project } from '../linear/pca.ts';
import { answerSite, siteStates } from '../sites.ts';
import { circuitContext } from '../testing/circuit.ts';
import { expectDocumented } from '../testing/columns.ts';
import { geometry } from './geometry.ts';
import { movement } from './stateGeometry.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

describe('principal components', () => {
  it('are the planted directions, with their variances', () => {
    const n = 400;
    const z = normal(key(1), 2 * n);
    // x = 3 a u + b v + (1, 2, 3) with orthogonal unit u, v
    const u = [0.6, 0.8, 0];
    const v = [0, 0, 1];
    const data = Float64Array.from({ length: 3 * n }, (_, at) => {
      const [i, j] = [Math.floor(at / 3), at % 3];
      return 3 * (z[2 * i] ?? 0) * (u[j] ?? 0) + (z[2 * i + 1] ?? 0) * (v[j] ?? 0) + j + 1;
    });
    const c = principalComponents(features(data, n), 3);
    expect(Math.abs(c.directions[0]?.reduce((s, x, j) => s + x * (u[j] ?? 0), 0) ?? 0)).toBeGreaterThan(0.999);
    expect(Math.abs(c.directions[1]?.[2] ?? 0)).toBeGreaterThan(0.999);
    // variances 9 and 1, estimated from 400 draws (standard error 7%)
    expect(Math.abs((c.variance[0] ?? 0) / 9 - 1)).toBeLessThan(0.2);
    expect(Math.abs((c.variance[1] ?? 0) - 1)).toBeLessThan(0.2);
    expect(c.variance[2]).toBeLessThan(1e-12);
    expect(c.total).toBeCloseTo((c.variance[0] ?? 0) + (c.variance[1] ?? 0), 10);
    // Projection is an isometry on the plane of the data.
    const row = data.subarray(3, 6);
    const length = Math.hypot(...Array.from(row, (x, j) => x - (c.mean[j] ?? 0)));
    expect(Math.hypot(...project(c, row))).toBeCloseTo(length, 10);
    expect(() => principalComponents(features(new Float64Array(3), 1), 1)).toThrow('at least two rows (got 1)');
  });
});

describe('geometry', () => {
  it('measures the circuit: one-hot states that move once and then rest', async () => {
    const context = circuitContext({ modulus: 3, seq: 3, loops: 2, rows: 20 });
    const problems = instances(context);
    const states = await siteStates(context, problems, [answerSite], { loops: 4 });
    const moves = movement(states, 0);
    for (const [i, x] of problems.entries()) {
      const sum = ((x.ids[0] ?? 0) + (x.ids[1] ?? 0)) % 3; // what loop 2 adds to the last symbol
      expect(moves.map((m) => m.norm[i])).toEqual([1, 1, 1, 1, 1]);
      const moved = sum === 0 ? 0 : Math.SQRT2;
      expect(moves[1]?.step[i]).toBe(0);
      expect(moves[2]?.step[i]).toBeCloseTo(moved, 12);
      expect(moves[2]?.cosine[i]).toBeCloseTo(sum === 0 ? 1 : 0, 12);
      expect(moves[3]?.step[i]).toBe(0);
      expect(moves[0]?.toEnd[i]).toBeCloseTo(moved, 12);
      expect(moves[2]?.toEnd[i]).toBe(0);
    }
    expect(moves[0]?.step.every(Number.isNaN)).toBe(true);
  });

  it('fills its tables, the lens with the symbols spelled and the exit marked', async () => {
    const half = (h: tf.Tensor): tf.Tensor => tf.zeros(h.shape.slice(0, 2)); // lambda = 1/2: the median is loop 1
    const context = circuitContext({ modulus: 3, seq: 3, loops: 2, rows: 20, halt: half });
    const result = await geometry.run(context);
    expectDocumented(geometry, result);
    const { lens, movement: moves, variance, paths } = result.tables;
    expect(lens).toHaveLength(4 * 3 * 4);
    const { ids, targets } = context.task.validation(0, 4);
    for (const r of lens ?? []) {
      const i = Number(r.row) * 3 + Number(r.position);
      const known = Number(r.position) <= Number(r.loop);
      const right = known || ids[i] === targets[i];
      expect(r.said).toBe(String(known ? targets[i] : ids[i]));
      expect(r.target).toBe(String(targets[i]));
      expect(Number(r.probability)).toBeCloseTo(right ? 1 : 0, 6);
      expect(r.exit).toBe(r.loop === 1);
      expect(r.exitProbability).toBe(Number(r.loop) <= 2 ? 0.5 : null);
    }
    expect(moves?.filter((r) => r.quantity === 'norm').map((r) => [r.loop, r.value])).toEqual(
      [0, 1, 2, 3, 4].map((loop) => [loop, 1]),
    );
    // One-hot vectors of three symbols lie in a plane.
    expect(Number(variance?.[0]?.share) + Number(variance?.[1]?.share)).toBeCloseTo(1, 10);
    expect(paths).toHaveLength(20 * 5);
  });
});
