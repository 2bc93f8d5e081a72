// Learning-rate schedules against their closed forms.
import { expect, test } from 'vitest';
import { warmupConstant, warmupCosine } from './schedules.ts';

test('the warm-up rises linearly and reaches the peak at its last step', () => {
  const lr = warmupConstant({ peak: 1, warmup: 4 });
  expect([0, 1, 2, 3, 4, 1000].map(lr)).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
  expect(warmupConstant({ peak: 1, warmup: 0 })(0)).toBe(1);
});

test('the cosine starts at the peak, is half-way in the middle and ends at minRatio * peak', () => {
  const lr = warmupCosine({ peak: 2, warmup: 10, steps: 111, minRatio: 0.1 });
  expect(lr(9)).toBe(2);
  expect(lr(10)).toBe(2);
  expect(lr(60)).toBeCloseTo((2 + 0.2) / 2, 12);
  expect(lr(110)).toBeCloseTo(0.2, 12);
  expect(lr(500)).toBeCloseTo(0.2, 12);
  // closed form at a quarter: min + (peak - min)(1 + cos(pi/4))/2
  expect(lr(35)).toBeCloseTo(0.2 + (1.8 * (1 + Math.SQRT1_2)) / 2, 12);
});

test('never negative or NaN, also for runs shorter than the warm-up', () => {
  for (const steps of [1, 2, 5]) {
    const lr = warmupCosine({ peak: 1, warmup: 10, steps, minRatio: 0 });
    for (let s = 0; s < 12; s++) expect(lr(s)).toBeGreaterThanOrEqual(0);
  }
});
