// A claim holds only where the whole interval of every paired difference is on its side.
import type { RunSummary, StudySummary } from '@looplab/train';
import { describe, expect, it } from 'vitest';
import { betterThan, risesWithLoops } from './pairedClaim.ts';

function run(variant: string, seed: number, accuracyPerLoop: readonly number[]): RunSummary {
  return {
    ...{ runId: `${variant}-${seed}`, variant, strategy: 's', objective: 'o', layers: 1, loops: 1, seed },
    ...{ status: 'finished', accuracy: accuracyPerLoop.at(-1) ?? 0, accuracyPerLoop },
  };
}

const summary = (runs: readonly RunSummary[]): StudySummary => ({
  ...{ study: 's', scale: null, overrides: [], chance: 0, metric: 'accuracy', runs },
});

describe('betterThan', () => {
  const claim = betterThan('looped beats plain', [['looped', 'plain']]);
  const looped = [0.5, 0.6, 0.7].map((a, seed) => run('looped', seed, [a]));

  it('pairs seeds, so that seeds which are easy for both do not count as spread', () => {
    const found = claim(summary([...looped, ...[0.39, 0.5, 0.61].map((a, seed) => run('plain', seed, [a]))]));
    expect(found.holds).toBe(true);
    expect(found.outcome).toContain('looped 0.600 against variant plain 0.500 (difference 0.100');
    // differences 0.11, 0.10, 0.09: mean 0.1, standard error 0.01 / sqrt(3), t(2) = 4.303
    expect((found.comparisons as { lo: number }[])[0]?.lo).toBeCloseTo(0.1 - (4.3027 * 0.01) / Math.sqrt(3), 5);
  });

  it.each([
    ['the interval reaches 0', [0.5, 0.4, 0.65]],
    ['it is worse', [0.6, 0.71, 0.79]],
  ])('does not hold where %s', (_, plain) => {
    expect(claim(summary([...looped, ...plain.map((a, seed) => run('plain', seed, [a]))])).holds).toBe(false);
  });

  it('says so where there is one seed, or a variant is missing', () => {
    const found = claim(summary([run('looped', 0, [1]), run('plain', 0, [0])]));
    expect(found).toMatchObject({ holds: false, comparisons: [] });
    expect(found.outcome).toContain('two seeds of variant looped and plain');
    expect(claim(summary(looped)).holds).toBe(false);
  });
});

describe('risesWithLoops', () => {
  it('asks every loop to beat the one before', () => {
    const rising = risesWithLoops('rises');
    const of = (second: number) =>
      summary([0, 1, 2].map((seed) => run('x', seed, [0.2, second + 0.01 * seed, 0.6 + 0.01 * seed])));
    expect(rising(of(0.4))).toMatchObject({ holds: true });
    expect(rising(of(0.7)).holds).toBe(false);
    expect(rising(summary([0, 1].map((seed) => run('x', seed, [0.5])))).holds).toBe(false);
  });
});
