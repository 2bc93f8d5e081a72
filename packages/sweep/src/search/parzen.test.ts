// Parzen densities integrate to one, follow their observations, and are what their draws are drawn from.
import { key } from '@looplab/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { density, parzen, sampleParzen } from './parzen.ts';

const points = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

/** Midpoint rule; the narrowest component is at least 1/100 wide. */
function integral(f: (x: number) => number, from = 0, to = 1): number {
  const n = 2000;
  const h = (to - from) / n;
  return Array.from({ length: n }, (_, i) => f(from + (i + 0.5) * h)).reduce((a, b) => a + b, 0) * h;
}

test('a density integrates to one', () => {
  fc.assert(
    fc.property(points, (xs) => {
      const p = parzen(xs);
      expect(integral((x) => density(p, x))).toBeCloseTo(1, 3);
    }),
    { numRuns: 40 },
  );
});

test('it is the prior without observations and high at those there are', () => {
  const prior = parzen([]);
  expect(prior).toEqual({ means: [0.5], widths: [1] });
  const p = parzen([0.2, 0.21, 0.22]);
  expect(density(p, 0.21)).toBeGreaterThan(3 * density(p, 0.8));
});

test('its draws fall below x as often as it says', () => {
  const p = parzen([0.1, 0.15, 0.9]);
  const drawn = sampleParzen(p, key(4), 4000);
  expect(drawn.every((x) => x >= 0 && x <= 1)).toBe(true);
  for (const x of [0.1, 0.2, 0.5, 0.9]) {
    const share = drawn.filter((d) => d < x).length / drawn.length;
    const wanted = integral((y) => density(p, y), 0, x);
    expect(Math.abs(share - wanted)).toBeLessThan(4 * Math.sqrt(0.25 / drawn.length)); // four standard deviations
  }
});
