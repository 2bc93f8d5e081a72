// Linear probes on planted signals, on noise and on control tasks; their solvers against closed forms.
import { fold, key, normal, randint, uniform } from '@looplab/core';
import { Matrix, solve } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { type Features, features, scalingOf, standardise } from './features.ts';
import { foldsOf } from './folds.ts';
import { minimise } from './lbfgs.ts';
import { fitResiduals } from './leastSquares.ts';
import { fitLogistic } from './logistic.ts';
import { controlLabels, probe, probeSet } from './probe.ts';
import { decompose, fitRidge } from './ridge.ts';

const gaussian = (n: number, d: number, seed: number): Features =>
  features(Float64Array.from(normal(key(seed), n * d)), n);
const ranges = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);

/** `x` plus `strength` along one of `classes` fixed directions for each label. */
function planted(x: Features, labels: Int32Array, classes: number, strength: number): Features {
  const directions = normal(key(77), classes * x.d);
  return features(
    x.data.map((v, at) => v + strength * (directions[(labels[Math.floor(at / x.d)] ?? 0) * x.d + (at % x.d)] ?? 0)),
    x.n,
  );
}

describe('folds', () => {
  it('keep groups together and are even', () => {
    const groups = Int32Array.from({ length: 60 }, (_, i) => Math.floor(i / 2));
    const f = foldsOf(groups, 5, key(0));
    for (let i = 0; i < 60; i += 2) expect(f[i]).toBe(f[i + 1]);
    expect([0, 1, 2, 3, 4].map((k) => f.filter((x) => x === k).length)).toEqual([12, 12, 12, 12, 12]);
    expect(() => foldsOf(ranges(24), 5, key(0))).toThrow(
      'a probe with 5 folds needs at least 25 independent rows (got 24); raise rows',
    );
  });
});

describe('ridge', () => {
  it.each([
    [30, 4],
    [8, 12],
  ])('solves the normal equations for %i rows of %i features', (n, d) => {
    const raw = gaussian(n, d, 1);
    const x = standardise(raw, scalingOf(raw));
    const labels = randint(key(2), n, 3);
    const { weights, bias } = fitRidge(decompose(x), labels, 3);
    const X = Matrix.from1DArray(n, d, x.data);
    const Y = Matrix.from1DArray(
      n,
      3,
      Float64Array.from(
        { length: n * 3 },
        (_, i) => (labels[Math.floor(i / 3)] === i % 3 ? 1 : 0) - (bias[i % 3] ?? 0),
      ),
    );
    const W = Matrix.from1DArray(d, 3, weights);
    // The residual of (X'X + lambda I) W = X'Y vanishes for one of the penalties.
    const errors = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10].map((m) => {
      const A = X.transpose()
        .mmul(X)
        .add(Matrix.eye(d, d).mul(m * n));
      return solve(A, X.transpose().mmul(Y)).sub(W).norm();
    });
    expect(Math.min(...errors)).toBeLessThan(1e-10);
  });

  it('takes the lightest penalty without noise and the heaviest on pure noise', () => {
    const x = standardise(gaussian(200, 3, 3), scalingOf(gaussian(200, 3, 3)));
    const exact = Int32Array.from({ length: 200 }, (_, i) => ((x.data[3 * i] ?? 0) > 0 ? 1 : 0));
    const size = (w: Float64Array) => Math.hypot(...w);
    const clear = size(fitRidge(decompose(x), exact, 2).weights);
    const noise = size(fitRidge(decompose(x), randint(key(4), 200, 2), 2).weights);
    expect(clear).toBeGreaterThan(10 * noise);
  });
});

describe('minimise', () => {
  it('finds the minimum of a quadratic and of Rosenbrock', () => {
    const quadratic = minimise((x, g) => {
      g.set([2 * ((x[0] ?? 0) - 3), 200 * ((x[1] ?? 0) + 1)]);
      return ((x[0] ?? 0) - 3) ** 2 + 100 * ((x[1] ?? 0) + 1) ** 2;
    }, new Float64Array(2));
    expect(quadratic[0]).toBeCloseTo(3, 6);
    expect(quadratic[1]).toBeCloseTo(-1, 6);
    const rosenbrock = minimise(
      (x, g) => {
        const [a, b] = [x[0] ?? 0, x[1] ?? 0];
        g.set([-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)]);
        return (1 - a) ** 2 + 100 * (b - a * a) ** 2;
      },
      Float64Array.of(-1.2, 1),
    );
    expect(rosenbrock[0]).toBeCloseTo(1, 5);
    expect(rosenbrock[1]).toBeCloseTo(1, 5);
  });
});

describe('fitResiduals', () => {
  it('fits a curve and lets an outlier pull it no more than Huber allows', () => {
    // y = 2 exp(-x / 2); one point of twenty is off by 5
    const y = Array.from({ length: 20 }, (_, i) => 2 * Math.exp(-i / 2) + (i === 7 ? 5 : 0));
    const curve = (x: Float64Array, r: Float64Array, jacobian: Float64Array): void => {
      for (const [i, v] of y.entries()) {
        const term = Math.exp((x[1] ?? 0) * i);
        r[i] = (x[0] ?? 0) * term - v;
        jacobian.set([term, (x[0] ?? 0) * i * term], 2 * i);
      }
    };
    const { x } = fitResiduals(curve, 20, Float64Array.of(1, -0.1), { huber: 1e-6 });
    expect(x[0]).toBeCloseTo(2, 4);
    expect(x[1]).toBeCloseTo(-0.5, 4);
    const square = fitResiduals(curve, 20, Float64Array.of(1, -0.1), { huber: 1e6 });
    expect(Math.abs((square.x[1] ?? 0) + 0.5)).toBeGreaterThan(0.05);
  });
});

describe('logistic', () => {
  it('without features says the frequencies', () => {
    const x = features(new Float64Array(10), 10); // one feature that is always 0
    const labels = Int32Array.of(0, 0, 0, 0, 0, 1, 1, 1, 2, 2);
    const { bias } = fitLogistic(x, labels, 3);
    const mass = bias.reduce((s, b) => s + Math.exp(b), 0);
    const shares = Array.from(bias, (b) => Math.exp(b) / mass);
    for (const [c, p] of [0.5, 0.3, 0.2].entries()) expect(shares[c]).toBeCloseTo(p, 5);
  });

  it('has no slope left: the penalised gradient is 0', () => {
    // One feature +-1, label = sign: weights -w and w, and p = sigmoid(2 w), so 1 - p = penalty w.
    const x = features(
      Float64Array.from({ length: 20 }, (_, i) => (i % 2 ? 1 : -1)),
      20,
    );
    const labels = Int32Array.from({ length: 20 }, (_, i) => i % 2);
    const { weights } = fitLogistic(x, labels, 2, 0.1);
    const w = weights[1] ?? 0;
    expect(weights[0]).toBeCloseTo(-w, 5);
    expect(1 - 1 / (1 + Math.exp(-2 * w))).toBeCloseTo(0.1 * w, 5);
  });
});

describe.each(['ridge', 'logistic'] as const)('%s probe', (kind) => {
  const n = 200;
  const labels = randint(key(5), n, 4);
  const folds = foldsOf(ranges(n), 5, key(6));

  it('reads a planted signal', () => {
    const set = probeSet(planted(gaussian(n, 12, 7), labels, 4, 3), folds, { kind });
    const { accuracy, classes } = probe(set, labels);
    expect(classes).toBe(4);
    expect(accuracy.value).toBeGreaterThan(0.97);
  });

  it('reads nothing from noise: accuracy is chance and selectivity is 0', () => {
    const set = probeSet(gaussian(n, 12, 8), folds, { kind });
    const task = probe(set, labels);
    const control = probe(set, controlLabels(randint(key(9), n, 30), labels, key(10)));
    // chance 0.25 with a standard error of 0.03
    expect(Math.abs(task.accuracy.value - 0.25)).toBeLessThan(0.1);
    expect(Math.abs(task.accuracy.value - control.accuracy.value)).toBeLessThan(0.13);
  });
});

it('a probe of rows that hold the same sample four times is as certain as of one', () => {
  const n = 120;
  const groups = Int32Array.from({ length: 4 * n }, (_, i) => i % n);
  const labels = randint(key(5), n, 2);
  const x = planted(gaussian(n, 6, 7), labels, 2, 0.7);
  const folds = foldsOf(ranges(n), 5, key(6));
  const four = {
    x: features(Float64Array.from([x.data, x.data, x.data, x.data].flatMap((d) => Array.from(d))), 4 * n),
    labels: groups.map((g) => labels[g] ?? 0),
    folds: groups.map((g) => folds[g] ?? 0),
  };
  const once = probe(probeSet(x, folds), labels).accuracy;
  const { accuracy } = probe(probeSet(four.x, four.folds, { groups }), four.labels);
  expect(accuracy.n).toBe(480);
  expect(accuracy.hi - accuracy.lo).toBeGreaterThan(0.9 * (once.hi - once.lo));
  expect(accuracy.hi - accuracy.lo).toBeLessThan(1.1 * (once.hi - once.lo));
});

describe('control task', () => {
  it('gives each type one label, with the frequencies of the labels', () => {
    const types = Int32Array.from({ length: 300 }, (_, i) => i % 100);
    const labels = Int32Array.from({ length: 300 }, (_, i) => ((uniform(fold(key(1), i), 1)[0] ?? 0) < 0.2 ? 1 : 0));
    const control = controlLabels(types, labels, key(2));
    for (let i = 0; i < 200; i++) expect(control[i]).toBe(control[i + 100]);
    const share = (x: Int32Array) => x.filter((v) => v === 1).length / x.length;
    expect(Math.abs(share(control) - share(labels))).toBeLessThan(0.03); // one type is 0.01
    expect(controlLabels(types, labels, key(2))).toEqual(control);
  });

  it('unmasks a probe that memorises: features that name the type have no selectivity', () => {
    const types = randint(key(3), 300, 10);
    const oneHot = new Float64Array(300 * 10);
    for (const [i, t] of types.entries()) oneHot[i * 10 + t] = 1;
    const set = probeSet(features(oneHot, 300), foldsOf(ranges(300), 5, key(0)));
    const labels = types.map((t) => t % 3);
    expect(probe(set, labels).accuracy.value).toBe(1);
    expect(probe(set, controlLabels(types, labels, key(4))).accuracy.value).toBe(1);
  });
});

describe('bad input', () => {
  it('says what is wrong', () => {
    const set = probeSet(gaussian(50, 3, 1), foldsOf(ranges(50), 5, key(0)));
    expect(() => probe(set, new Int32Array(50))).toThrow(
      'all 50 samples have the label 0; a probe needs at least two classes: use more rows or another value',
    );
    expect(() => probe(set, [1, 2])).toThrow('got 2 labels for 50 samples');
    expect(() => features(Float64Array.of(1, Number.NaN), 2)).toThrow(
      'feature 0 of row 1 is NaN; states must be finite',
    );
    expect(() => features(new Float64Array(0), 0)).toThrow('a probe needs rows of features');
  });
});
