// Debiased CKA: its invariances, unrelated states, and a planted share of common variance.
import { key, normal } from '@looplab/core';
import { describe, expect, it } from 'vitest';
import { cka, gram } from './cka.ts';
import { type Features, features } from './features.ts';

const n = 120;
const gaussian = (d: number, seed: number): Features => features(Float64Array.from(normal(key(seed), n * d)), n);
const map = (x: Features, f: (row: Float64Array) => number[]): Features =>
  features(
    Float64Array.from(Array.from({ length: x.n }, (_, i) => f(x.data.subarray(i * x.d, (i + 1) * x.d))).flat()),
    x.n,
  );

describe('cka', () => {
  const x = gaussian(4, 1);

  it('is 1 for the same states, rotated, scaled and moved', () => {
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    const turned = map(x, ([a = 0, b = 0, p = 0, q = 0]) => [
      3 * (c * a - s * b) + 5,
      3 * (s * a + c * b) - 2,
      3 * p,
      -3 * q,
    ]);
    expect(cka(gram(x), gram(x))).toBeCloseTo(1, 12);
    expect(cka(gram(x), gram(turned))).toBeCloseTo(1, 10);
  });

  it('is symmetric and not invariant to stretching one direction', () => {
    const stretched = map(x, ([a = 0, b = 0, p = 0, q = 0]) => [10 * a, b, p, q]);
    const there = cka(gram(x), gram(stretched));
    expect(cka(gram(stretched), gram(x))).toBeCloseTo(there, 12);
    expect(there).toBeLessThan(0.8);
  });

  it('is about 0 for unrelated states, however wide', () => {
    // the biased estimator would be near 1 for 200 columns of 120 rows
    expect(Math.abs(cka(gram(gaussian(200, 2)), gram(gaussian(200, 3))))).toBeLessThan(0.06);
  });

  it('is the cosine of the covariances: a third of the columns in common', () => {
    // X = [u, v, w], Y = [u, p, q], all independent of unit variance: HSIC(X, Y) = 1, HSIC(X, X) = HSIC(Y, Y) = 3
    const found = Array.from({ length: 12 }, (_, k) => {
      const u = gaussian(1, 100 + k).data;
      const withU = (y: Features): Features =>
        features(
          y.data.map((v, at) => (at % 3 === 0 ? (u[at / 3] ?? 0) : v)),
          n,
        );
      return cka(gram(withU(gaussian(3, 200 + k))), gram(withU(gaussian(3, 300 + k))));
    });
    // one estimate from 120 rows scatters by about 0.1
    expect(Math.abs(found.reduce((a, b) => a + b) / 12 - 1 / 3)).toBeLessThan(0.07);
  });

  it('says what it cannot compare', () => {
    expect(() => gram(features(new Float64Array(3), 3))).toThrow('at least four instances (got 3)');
    expect(() => cka(gram(gaussian(2, 1)), gram(features(new Float64Array(8), 4)))).toThrow('got 120 and 4');
    expect(cka(gram(features(new Float64Array(8), 4)), gram(features(new Float64Array(8), 4)))).toBeNaN();
  });
});
