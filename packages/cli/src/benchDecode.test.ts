// The decoding bench on the reference device: it counts depths as they are and compares with full depth.
import { expect, it } from 'vitest';
import { benchDecode } from './benchDecode.ts';

it('decodes at every depth and at depths that vary, and states the bound of each', async () => {
  const sizes = { d: 8, heads: 2, layers: 1, loops: 3, ff: 16, vocab: 5, seq: 3, batch: 2, steps: 2, kv: 'keepLast' };
  const { batch, fullMs, cases } = await benchDecode({ ...sizes, device: { kind: 'cpu' } });
  expect(batch).toBe(2);
  expect(cases.map((c) => c.depth)).toEqual([1, 2, 'mixed']);
  const [one, two, mixed] = cases.map((c) => c.meanDepth);
  expect([one, two]).toEqual([1, 2]);
  expect(mixed).toBeGreaterThan(1);
  expect(mixed).toBeLessThan(3);
  for (const c of cases) {
    expect(c.bound).toBeCloseTo(c.meanDepth / 3 + 0.1, 12);
    expect(c.share).toBeGreaterThan(0);
    expect(c.medianMs).toBeGreaterThan(0);
  }
  expect(fullMs).toBeGreaterThan(0);
});
