// Scaling laws: planted constants recovered, held-out points predicted, the compute-optimal size in closed form.
import { fold, key, normal } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { beforeAll, describe, expect, it } from 'vitest';
import { circuitContext } from '../testing/circuit.ts';
import { expectDocumented } from '../testing/columns.ts';
import { goodness } from './goodness.ts';
import { isoFlop } from './isoFlop.ts';
import { fitLaw, heldOutRSquared, predict, rSquared, type ScalingLaw, type ScalingPoint } from './law.ts';
import { scaling } from './scaling.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const planted: ScalingLaw = {
  E: 1.7,
  terms: [
    { variable: 'N', scale: 400, shift: 0, exponent: 0.34 },
    { variable: 'D', scale: 410, shift: 0, exponent: 0.28 },
    { variable: 'T', scale: 0.5, shift: 0, exponent: 0.8 },
  ],
};
const grid = (law: ScalingLaw, noise = 0): ScalingPoint[] =>
  [1e6, 4e6, 1.6e7, 6.4e7].flatMap((N) =>
    [1e8, 5e8, 2.5e9, 1.25e10].flatMap((D) =>
      [1, 2, 4, 8].map((T) => {
        const e = noise * (normal(fold(fold(fold(key(1), N), D), T), 1)[0] ?? 0);
        return { N, D, T, loss: predict(law, { N, D, T }) * Math.exp(e) };
      }),
    ),
  );
const exponents = (law: ScalingLaw) => law.terms.map((t) => t.exponent);

describe('fitLaw', () => {
  it('recovers planted constants from exact losses', () => {
    const law = fitLaw(grid(planted), { key: key(0), starts: 8 });
    for (const [i, x] of [0.34, 0.28, 0.8].entries()) expect(exponents(law)[i]).toBeCloseTo(x, 3);
    expect(law.E).toBeCloseTo(1.7, 2);
    expect(law.terms[1]?.scale).toBeGreaterThan(390);
    expect(law.terms[1]?.scale).toBeLessThan(430);
  });

  it('recovers them roughly under 0.3% noise, and is not thrown by an outlier', () => {
    const points = grid(planted, 0.003);
    const spoiled = points.map((p, i) => (i === 5 ? { ...p, loss: p.loss * 1.5 } : p));
    const law = fitLaw(spoiled, { key: key(0), starts: 8 });
    for (const [i, x] of [0.34, 0.28, 0.8].entries()) expect(Math.abs((exponents(law)[i] ?? 0) - x)).toBeLessThan(0.12);
    expect(
      rSquared(
        points,
        points.map((p) => predict(law, p)),
      ),
    ).toBeGreaterThan(0.99);
  });

  it('recovers a planted shift', () => {
    const shifted: ScalingLaw = { E: 1, terms: [{ variable: 'T', scale: 2, shift: 1.5, exponent: 1 }] };
    const points = [1, 2, 3, 4, 6, 8, 12, 16].map((T) => ({
      N: 1,
      D: 1,
      T,
      loss: predict(shifted, { N: 1, D: 1, T }),
    }));
    const law = fitLaw(points, { key: key(0), starts: 8 });
    expect(law.terms[0]?.shift).toBeCloseTo(1.5, 1);
    expect(law.terms[0]?.exponent).toBeCloseTo(1, 1);
  });

  it('says what it lacks', () => {
    const points = grid(planted);
    expect(() => fitLaw(points.slice(0, 1), { key: key(0) })).toThrow(
      'neither size nor tokens nor loops have 3 values',
    );
    expect(() => fitLaw(points.slice(0, 3), { key: key(0) })).toThrow(
      'a law in T has 3 constants, 3 runs are too few; finish more than 3 runs',
    );
    const bad = points.map((p, i) => (i === 2 ? { ...p, loss: Number.NaN } : p));
    expect(() => fitLaw(bad, { key: key(0) })).toThrow('a run has loss = NaN; all must be positive');
  });
});

describe('heldOutRSquared', () => {
  it('is near 1 for a true law and far below for losses without one', () => {
    const options = { key: key(0), starts: 6 };
    expect(heldOutRSquared(grid(planted), 'N', options)).toBeGreaterThan(0.999);
    // Two values of a variable fit any exponent, so there is nothing to predict a third from.
    const three = grid(planted).filter((p) => p.N < 6e7);
    expect(heldOutRSquared(three, 'N', options)).toBeNaN();
    expect(heldOutRSquared(three, 'T', options)).toBeGreaterThan(0.999);
    const random = grid(planted).map((p, i) => ({ ...p, loss: 3 + 0.3 * (normal(fold(key(2), i), 1)[0] ?? 0) }));
    expect(heldOutRSquared(random, 'N', options)).toBeLessThan(0.3);
    expect(
      rSquared(
        [
          { N: 1, D: 1, T: 1, loss: 2 },
          { N: 1, D: 1, T: 1, loss: 4 },
        ],
        [3, 3],
      ),
    ).toBe(0);
  });
});

describe('heldOutRSquared, of five values', () => {
  it('predicts each value by a law that was never fitted to it, without a shift that four values cannot tell', () => {
    const shifted: ScalingLaw = { E: 1, terms: [{ variable: 'T', scale: 2, shift: 1.5, exponent: 1 }] };
    const points = [1, 2, 4, 8, 16].flatMap((T) =>
      [0, 1, 2].map((seed) => {
        const e = 0.03 * (normal(fold(fold(key(3), T), seed), 1)[0] ?? 0);
        return { N: 1, D: 1, T, seed, loss: predict(shifted, { N: 1, D: 1, T }) * Math.exp(e) };
      }),
    );
    const options = { key: key(0), starts: 6 };
    expect(fitLaw(points, options).terms[0]?.shift).toBeGreaterThan(0);
    const predictions = points.map((p) => {
      const law = fitLaw(
        points.filter((q) => q.T !== p.T),
        options,
      );
      expect(law.terms[0]?.shift).toBe(0);
      return predict(law, p);
    });
    expect(heldOutRSquared(points, 'T', options)).toBeCloseTo(rSquared(points, predictions), 12);
  });
});

describe('goodness', () => {
  // Three seeds of one loop whose noise differs.
  const seeds = [0.003, 0.01, 0.03].map((noise, seed) =>
    grid(planted, noise).flatMap((p) => (p.T === 1 ? [{ ...p, seed }] : [])),
  );
  const of = (points: readonly ScalingPoint[]) => goodness(points, fitLaw(points, { key: key(0) }), { key: key(0) });

  it('has the mean and the t interval of what each seed alone says', () => {
    const alone = seeds.map(of);
    for (const [i, { heldOut, mean: center, lo, hi, seeds: n }] of of(seeds.flat()).entries()) {
      const values = alone.map((rows) => Number(rows[i]?.rSquared));
      const middle = values.reduce((a, b) => a + b, 0) / 3;
      const sd = Math.sqrt(values.reduce((s, v) => s + (v - middle) ** 2, 0) / 2);
      expect(heldOut).toBe(['nothing', 'N', 'D'][i]);
      expect(n).toBe(3);
      expect(Number(center)).toBeCloseTo(middle, 10);
      expect((Number(hi) - Number(lo)) / 2).toBeCloseTo((4.302653 * sd) / Math.sqrt(3), 6); // t of two degrees of freedom
    }
  });

  it('leaves out a seed with too few runs for a law, and has no interval for one seed', () => {
    const two = of([...(seeds[0] ?? []), ...(seeds[1] ?? []).slice(0, 4)]);
    expect(two.map((r) => [r.seeds, r.lo])).toEqual([
      [1, null],
      [1, null],
      [1, null],
    ]);
  });
});

describe('a steep term', () => {
  it('predicts, though its scale is more than a number holds', () => {
    // Losses that jump by size and rest from then on: (1e8)^50 is 1e400.
    const term: ScalingLaw['terms'][number] = {
      variable: 'N',
      scale: 0,
      logScale: 50 * Math.log(1e8),
      shift: 0,
      exponent: 50,
    };
    expect(predict({ E: 1, terms: [term] }, { N: 1e8, D: 1, T: 1 })).toBeCloseTo(2, 10);
    const points = [1e8, 1.1e8, 1.2e8, 1.3e8, 1.4e8].map((N) => ({ N, D: 1, T: 1, loss: 1 + (1e8 / N) ** 50 }));
    const law = fitLaw(points, { key: key(0), starts: 8, shifts: [] });
    expect(law.terms[0]?.exponent).toBeCloseTo(50, 1);
    expect(law.terms[0]?.scale).toBe(Number.MAX_VALUE);
    for (const p of points) expect(predict(law, p)).toBeCloseTo(p.loss, 3);
    expect(fitLaw(points, { key: key(0), shifts: [], from: law }).terms[0]?.exponent).toBeCloseTo(50, 1);
  });
});

describe('the analysis', () => {
  it('documents its tables, covers the planted constants and says when it does not apply', async () => {
    const context = circuitContext();
    expect((await scaling.run(context)).skipped).toMatch(/needs the final losses of a sweep/);
    const result = await scaling.run({ ...context, sweep: grid(planted, 0.003) });
    expectDocumented(scaling, result);
    const { law, fit, isoFlop: curves } = result.tables;
    const exponent = law?.find((r) => r.constant === 'exponent' && r.variable === 'T');
    expect(Number(exponent?.lo)).toBeLessThan(0.8);
    expect(Number(exponent?.hi)).toBeGreaterThan(0.8);
    expect(fit?.map((r) => r.heldOut)).toEqual(['nothing', 'N', 'D', 'T']);
    for (const r of fit ?? []) expect(Number(r.rSquared)).toBeGreaterThan(0.9);
    for (const r of fit ?? []) expect([r.seeds, r.lo]).toEqual([1, null]); // one seed has no interval
    expect(curves?.filter((r) => r.best)).toHaveLength(3 * 4);
  });
});

describe('isoFlop', () => {
  it('has its minimum where the closed form of Hoffmann et al. puts it', () => {
    // N_opt = G (C/6)^(b/(a+b)), G = (a A / (b B))^(1/(a+b)) at one loop (arXiv 2203.15556, eq. 4)
    const [a, A, b, B] = [0.34, 406.4, 0.28, 410.7];
    const law: ScalingLaw = {
      E: 1.69,
      terms: [
        { variable: 'N', scale: A, shift: 0, exponent: a },
        { variable: 'D', scale: B, shift: 0, exponent: b },
      ],
    };
    const curve = isoFlop(law, { budgets: [1e19, 1e21], loops: [1], sizes: [1e6, 1e11], points: 401 });
    for (const C of [1e19, 1e21]) {
      const best = curve.find((p) => p.best && p.budget === C);
      const optimum = ((a * A) / (b * B)) ** (1 / (a + b)) * (C / 6) ** (b / (a + b));
      expect(Math.abs(Math.log((best?.N ?? 0) / optimum))).toBeLessThan(0.03); // the grid's step
      expect(6 * (best?.N ?? 0) * (best?.D ?? 0)).toBeCloseTo(C, -10);
    }
  });
});
