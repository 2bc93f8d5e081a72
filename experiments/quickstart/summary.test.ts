// The quickstart's claim holds only when gap, growth over loops and equal size all do.
import type { Run } from '@looplab/figures';
import { describe, expect, it } from 'vitest';
import { summarise } from './summary.ts';

function run(loops: number, seed: number, accuracyPerLoop: readonly number[], params = 50_000): Run {
  const accuracy = accuracyPerLoop.at(-1) ?? 0;
  const gated = loops > 1;
  return {
    dir: `results/quickstart/${loops}-${seed}`,
    id: `${loops}-${seed}`,
    study: 'quickstart',
    strategy: gated ? 'loopLM' : 'plain',
    objective: gated ? 'entropyRegularised' : 'lastLoop',
    task: 'groupWords',
    seed,
    layers: 1,
    loops,
    params: gated ? params + 65 : params,
    state: 'finished',
    seconds: 20,
    config: {},
    manifest: {},
    train: [],
    evals: [
      {
        step: 800,
        accuracy,
        loss: 1,
        accuracyPerLoop,
        lossPerLoop: accuracyPerLoop.map((a) => 1 - a),
        exitDistribution: gated ? accuracyPerLoop.map(() => 1 / loops) : [],
      },
    ],
    torn: false,
  };
}

describe('summarise', () => {
  const looped = [run(4, 0, [0.3, 0.4, 0.5, 0.6]), run(4, 1, [0.3, 0.5, 0.6, 0.7])];
  const plain = [run(1, 0, [0.4]), run(1, 1, [0.3])];

  it('averages over seeds and states the gap', () => {
    const { runs, claim } = summarise([...looped, ...plain], 1 / 6);
    expect(runs).toHaveLength(4);
    expect(runs[0]).toEqual({
      strategy: 'loopLM',
      layers: 1,
      loops: 4,
      params: 50_065,
      seed: 0,
      accuracy: 0.6,
      accuracyPerLoop: [0.3, 0.4, 0.5, 0.6],
      exitDistribution: [0.25, 0.25, 0.25, 0.25],
      seconds: 20,
    });
    expect(claim.looped).toBeCloseTo(0.65, 12);
    expect(claim.plain).toBeCloseTo(0.35, 12);
    expect(claim.gap).toBeCloseTo(0.3, 12);
    expect(claim).toMatchObject({ seeds: 2, risesWithEveryLoop: true, holds: true });
  });

  it('does not hold for a small gap', () => {
    expect(summarise([...looped, run(1, 0, [0.55])], 1 / 6).claim.holds).toBe(false);
  });

  it('does not hold where a loop makes it worse', () => {
    const { claim } = summarise([run(4, 0, [0.3, 0.5, 0.45, 0.7]), ...plain], 1 / 6);
    expect(claim).toMatchObject({ risesWithEveryLoop: false, holds: false });
  });

  it('does not hold for models of different size', () => {
    expect(summarise([...looped, run(1, 0, [0.35], 40_000)], 1 / 6).claim.holds).toBe(false);
  });

  it('needs both kinds', () => {
    expect(() => summarise(plain, 1 / 6)).toThrow('with loops and runs without');
  });
});
