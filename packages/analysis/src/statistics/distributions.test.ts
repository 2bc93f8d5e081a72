// Distributions against scipy 1.17: norm.cdf, norm.ppf, t.cdf, t.ppf.
import { describe, expect, it } from 'vitest';
import { normalCdf, normalQuantile, tCdf, tQuantile } from './distributions.ts';

/** Largest relative error allowed; the formulas are good to about 1e-13 except where noted. */
const near = (got: number, want: number, relative = 1e-12): void =>
  expect(Math.abs(got - want)).toBeLessThanOrEqual(relative * Math.abs(want));

describe('normal', () => {
  it.each([
    [-8, 6.22096057427174e-16],
    [-5.0001, 2.865029370897618e-7],
    [-2.5, 0.006209665325776132],
    [-0.3, 0.3820885778110474],
    [0, 0.5],
    [1, 0.8413447460685429],
    [3, 0.9986501019683699],
    [6, 0.9999999990134123],
  ])('cdf(%d)', (x, p) => near(normalCdf(x), p));

  it('loses digits where the series starts from 1/2', () => near(normalCdf(-5), 2.866515718791933e-7, 1e-9));

  it.each([
    [1e-12, -7.034483825301131],
    [0.001, -3.090232306167813],
    [0.025, -1.9599639845400545],
    [0.4, -0.2533471031357997],
    [0.975, 1.959963984540054],
    [0.9999, 3.719016485455709],
  ])('quantile(%d)', (p, x) => near(normalQuantile(p), x));

  it('knows its limits', () => {
    expect([normalCdf(Number.NEGATIVE_INFINITY), normalCdf(Number.POSITIVE_INFINITY)]).toEqual([0, 1]);
    expect([normalQuantile(0), normalQuantile(0.5), normalQuantile(1)]).toEqual([-Infinity, 0, Infinity]);
    expect(normalQuantile(-0.1)).toBeNaN();
    expect(normalCdf(Number.NaN)).toBeNaN();
  });
});

describe("Student's t", () => {
  it.each([
    [0.5, 1, 0.6475836176504333],
    [-2.5, 2, 0.06480586011075541],
    [2.1, 9, 0.967440858793924],
    [-40, 3, 1.7190340394579253e-5],
    [1.96, 1000, 0.9748634075221256],
    [1.3, 4.7, 0.8731513520676949],
    [-6, 120, 1.0741519096530212e-8],
  ])('cdf(%d) with %d degrees', (t, df, p) => near(tCdf(t, df), p));

  it.each([
    [0.975, 1, 12.706204736174694],
    [0.975, 2, 4.302652729749462],
    [0.975, 9, 2.262157162798205],
    [0.975, 120, 1.9799304050824402],
    [0.995, 4.7, 4.1678920401190584],
    [0.0005, 3, -12.923978636687481],
  ])('quantile(%d) with %d degrees', (p, df, t) => near(tQuantile(p, df), t));

  it('is refused without degrees of freedom', () => {
    expect(tQuantile(0.9, 0)).toBeNaN();
    expect(tCdf(1, -1)).toBeNaN();
  });
});
