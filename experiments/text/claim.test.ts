// The text study's claim holds only when the mean falls with every loop; nats a byte become bits a byte.
import type { RunSummary } from '@looplab/train';
import { describe, expect, it } from 'vitest';
import { textClaim } from './claim.ts';

function run(seed: number, bits: readonly number[]): RunSummary {
  const lossPerLoop = bits.map((b) => b * Math.LN2);
  const loops = bits.length;
  return {
    runId: `${seed}`,
    strategy: 'loopLM',
    objective: 'entropyRegularised',
    layers: 2,
    loops,
    seed,
    status: 'finished',
    lossPerLoop,
  };
}

describe('the claim', () => {
  it('is about the mean over seeds', () => {
    const claim = textClaim({ runs: [run(0, [3, 2.5, 2.6]), run(1, [3, 2.9, 2.4])] });
    expect(claim.bitsPerBytePerLoop.map((b) => b.toFixed(6))).toEqual(['3.000000', '2.700000', '2.500000']);
    expect(claim).toMatchObject({ seeds: 2, holds: true });
  });

  it.each([
    ['a loop that raises it', [run(0, [3, 2.5, 2.6])]],
    ['a single loop', [run(0, [3])]],
    ['no run', []],
  ])('does not hold for %s', (_, runs) => {
    expect(textClaim({ runs }).holds).toBe(false);
  });
});
