// The usual FLOP count against one worked out by hand, and a step that really trains, timed on the reference device.
import { expect, it } from 'vitest';
import { benchStep, usualFlops } from './benchStep.ts';

it('counts FLOPs as is usual', () => {
  // per token and layer 4*2^2 + 3*2*3 + 5*2 = 44 multiply-adds, two layers and a head of 7*2: 102; 6 * 3 rows * 5 tokens * 4 loops
  expect(usualFlops({ d: 2, ff: 3, seq: 5, layers: 2, vocab: 7, batch: 3, loops: 4 })).toBe(6 * 3 * 5 * 4 * 102);
});

it('trains while it times', async () => {
  const sizes = { d: 8, heads: 2, layers: 1, loops: 2, ff: 16, vocab: 5, seq: 4, batch: 2, steps: 12 };
  const result = await benchStep({ ...sizes, remat: false, device: { kind: 'cpu' } });
  expect(result.minMs).toBeLessThanOrEqual(result.medianMs);
  expect(result.tokensPerSecond).toBeCloseTo(8000 / result.medianMs, 6);
  expect(result.gflops).toBeCloseTo(usualFlops(sizes) / result.medianMs / 1e6, 9);
  expect(result.gemmShare).toBeNull();
  // 15 updates on one batch of random tokens: below the loss of a uniform guess, ln 5
  expect(result.loss).toBeLessThan(Math.log(5));
});
