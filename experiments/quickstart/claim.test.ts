// The quickstart's claim holds only when gap, growth over loops and equal size all do.
import type { RunSummary } from '@looplab/train';
import { describe, expect, it } from 'vitest';
import { quickstartClaim } from './claim.ts';

function run(loops: number, seed: number, accuracyPerLoop: readonly number[], params = 50_000): RunSummary {
  const gated = loops > 1;
  return {
    runId: `${loops}-${seed}`,
    strategy: gated ? 'loopLM' : 'plain',
    objective: gated ? 'entropyRegularised' : 'lastLoop',
    layers: 1,
    loops,
    seed,
    status: 'finished',
    params: gated ? params + 65 : params,
    accuracy: accuracyPerLoop.at(-1) ?? 0,
    accuracyPerLoop,
  };
}

describe('the claim', () => {
  const looped = [run(4, 0, [0.3, 0.4, 0.5, 0.6]), run(4, 1, [0.3, 0.5, 0.6, 0.7])];
  const plain = [run(1, 0, [0.4]), run(1, 1, [0.3])];
  const chance = 1 / 6;

  it('averages over seeds and states the gap', () => {
    const claim = quickstartClaim({ runs: [...looped, ...plain], chance });
    expect(claim.looped).toBeCloseTo(0.65, 12);
    expect(claim.plain).toBeCloseTo(0.35, 12);
    expect(claim.gap).toBeCloseTo(0.3, 12);
    expect(claim.sizeDifference).toBeCloseTo(65 / 50_000, 12);
    expect(claim).toMatchObject({ chance, seeds: 2, risesWithEveryLoop: true, holds: true });
  });

  it.each([
    ['a small gap', [...looped, run(1, 0, [0.55])]],
    ['a loop that makes it worse', [run(4, 0, [0.3, 0.5, 0.45, 0.7]), ...plain]],
    ['models of different size', [...looped, run(1, 0, [0.35], 40_000)]],
    ['no plain model', looped],
    ['no looped model', plain],
  ])('does not hold for %s', (_, runs) => {
    expect(quickstartClaim({ runs, chance }).holds).toBe(false);
  });
});
