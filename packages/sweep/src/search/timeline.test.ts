// Decisions depend on results alone: not on the order in which they arrive, on how many workers there are, or on restarts.
import { uniform as draw, fold, key, randint } from '@looplab/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { choice, int, logUniform, uniform } from '../space/dimension.ts';
import { asha } from './asha.ts';
import { grid } from './listed.ts';
import { medianStopping } from './medianStopping.ts';
import { random } from './random.ts';
import type { Outcome, Search, Suggestion } from './search.ts';
import { Timeline } from './timeline.ts';
import { tpe } from './tpe.ts';

const space = { 'train.lr': logUniform(1e-4, 1), 'model.loops': int(1, 8), 'train.schedule': choice(['a', 'b']) };
const work = { steps: 90, evalEvery: 10 };
const searches: Record<string, Search> = {
  grid: grid({ 'model.loops': [1, 2, 3, 4, 5] }),
  random: random(space, { trials: 12 }),
  tpe: tpe(space, { trials: 24, startup: 5, parallel: 3 }),
  asha: asha(space, { trials: 18, parallel: 3, seed: 5 }),
  'random+median': medianStopping(random(space, { trials: 16 }), { minRuns: 3 }),
  'tpe+median': medianStopping(tpe(space, { trials: 16, startup: 4 }), { minRuns: 3 }),
};

/** A trial that gets better with time, as fast and as far as its point says; some fail. */
function judged({ trial, point, until = work.steps, limits = [] }: Suggestion): Pick<Outcome, 'score' | 'curves'> {
  if ((draw(fold(key(7), trial), 1)[0] ?? 0) < 0.1) return { score: null };
  const floor = Math.abs(Math.log(Number(point['train.lr']) / 0.03)) + Number(point['model.loops'] ?? 1) / 8;
  const curve: [number, number][] = [];
  for (let step = work.evalEvery; step <= until; step += work.evalEvery) {
    curve.push([step, floor + 20 / step]);
    const best = Math.min(...curve.map(([, score]) => score));
    if (limits.some(([at, limit]) => at === step && best > limit)) break;
  }
  return { score: curve.at(-1)?.[1] ?? null, curves: [curve] };
}

/** What the search proposes if results come at once, in order. */
function undisturbed(search: Search): Suggestion[] {
  const timeline = new Timeline(search, work);
  while (timeline.advance((_, s) => judged(s)).length > 0);
  return [...timeline.suggestions];
}

describe.each(Object.entries(searches))('%s', (_, search) => {
  test('proposes the same whatever the number of workers, the order of results, and the restarts', () => {
    const whole = undisturbed(search);
    expect(new Set(whole.map((s) => s.trial)).size).toBe(search.trials);
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 6 }), (seed, workers) => {
        const done = new Map<number, Pick<Outcome, 'score' | 'curves'>>();
        let timeline = new Timeline(search, work);
        let running: number[] = [];
        for (let tick = 0; done.size < whole.length; tick++) {
          const [restart = 0, which = 0] = randint(fold(key(seed), tick), 2, 1000);
          if (restart < 150) {
            timeline = new Timeline(search, work); // killed; what had ended is on disk, what was running starts again
            running = [];
          }
          timeline.advance((i) => done.get(i));
          const { suggestions } = timeline;
          expect(suggestions).toEqual(whole.slice(0, suggestions.length));
          for (let i = 0; i < suggestions.length && running.length < workers; i++) {
            if (!done.has(i) && !running.includes(i)) running.push(i);
          }
          const [ended] = running.splice(which % running.length, 1);
          const suggestion = suggestions[ended ?? -1];
          if (ended === undefined || suggestion === undefined) throw new Error('nothing to do, but not done');
          done.set(ended, judged(suggestion));
        }
        timeline.advance((i) => done.get(i));
        expect(timeline.suggestions).toEqual(whole);
      }),
      { numRuns: 25 },
    );
  });
});

/** The lowest score among the first `n` trials of a search of a known function. */
function lowest(search: Search, f: (p: Suggestion['point']) => number): number {
  const timeline = new Timeline(search, work);
  while (timeline.advance((_, s) => ({ score: f(s.point) })).length > 0);
  return Math.min(...timeline.suggestions.map((s) => f(s.point)));
}

function median(xs: readonly number[]): number {
  return [...xs].sort((a, b) => a - b)[xs.length >> 1] ?? Number.NaN;
}

describe('tpe', () => {
  const box = { x: uniform(-5, 10), y: uniform(0, 15) };
  /** Branin's function; minimum 0.397887 at three places. */
  const branin = ({ x, y }: Suggestion['point']): number => {
    const [a, b] = [Number(x), Number(y)];
    const bowl = b - (5.1 / (4 * Math.PI ** 2)) * a ** 2 + (5 / Math.PI) * a - 6;
    return bowl ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(a) + 10;
  };
  const mixed = {
    ...Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, uniform(0, 1)])),
    kind: choice(['good', 'bad', 'worse', 'worst']),
  };
  const bowl = (p: Suggestion['point']): number =>
    ['a', 'b', 'c', 'd'].reduce((sum, name) => sum + (Number(p[name]) - 0.3) ** 2, 0) + (p.kind === 'good' ? 0 : 0.5);

  test.each([
    ['Branin', box, branin, 0.397887],
    ['a bowl with a choice', mixed, bowl, 0],
  ])('comes closer to the minimum than random draws on %s', (_, dimensions, f, minimum) => {
    const seeds = Array.from({ length: 15 }, (_, seed) => seed);
    const gap = (make: (seed: number) => Search): number => median(seeds.map((s) => lowest(make(s), f) - minimum));
    const byTpe = gap((seed) => tpe(dimensions, { trials: 60, seed }));
    const byChance = gap((seed) => random(dimensions, { trials: 60, seed }));
    expect(byTpe).toBeGreaterThanOrEqual(-1e-6);
    expect(byTpe).toBeLessThan(0.5 * byChance);
  });

  test('begins with the draws of random search', () => {
    const points = (search: Search): unknown[] => undisturbed(search).slice(0, 5);
    expect(points(tpe(space, { trials: 9, startup: 5 }))).toEqual(points(random(space, { trials: 9 })));
  });
});

describe('asha', () => {
  const made = undisturbed(asha(space, { trials: 27, eta: 3, rungs: 3, parallel: 1 }));
  const rung = (r: number) => made.filter((s) => s.rung === r);

  test('trains every trial for the lowest rung and a third of them further, each one rung up at a time', () => {
    expect(rung(0).map((s) => s.until)).toEqual(Array(27).fill(10));
    expect(rung(1).length).toBeGreaterThanOrEqual(9);
    expect(rung(1).every((s) => s.until === 30)).toBe(true);
    expect(rung(2).length).toBeGreaterThanOrEqual(3);
    expect(rung(2).every((s) => s.until === undefined)).toBe(true);
    for (const s of made.filter((s) => (s.rung ?? 0) > 0)) {
      const before = made.findIndex((o) => o.trial === s.trial && o.rung === (s.rung ?? 0) - 1);
      expect(before).toBeGreaterThanOrEqual(0);
      expect(before).toBeLessThan(made.indexOf(s));
    }
    // 27 whole runs would take 2430 updates
    const updates = 27 * 10 + rung(1).length * 20 + rung(2).length * 60;
    expect(updates).toBeLessThan(0.4 * 27 * 90);
  });

  test('takes the best trials all the way and never one that failed', () => {
    const scored = rung(0).map((s) => ({ trial: s.trial, score: judged(s).score }));
    const best = scored.filter((s) => s.score !== null).sort((a, b) => Number(a.score) - Number(b.score));
    const last = new Set(rung(2).map((s) => s.trial));
    expect(last.has(best[0]?.trial ?? -1)).toBe(true);
    expect(last.has(best[1]?.trial ?? -1)).toBe(true);
    const failed = scored.filter((s) => s.score === null).map((s) => s.trial);
    expect(failed.length).toBeGreaterThan(0);
    expect(made.filter((s) => failed.includes(s.trial) && s.rung !== 0)).toEqual([]);
  });

  test('refuses rungs that would end at the same evaluation', () => {
    const timeline = new Timeline(asha(space, { trials: 3, rungs: 4 }), { steps: 90, evalEvery: 30 });
    expect(() => timeline.advance(() => undefined)).toThrow('rungs would end at steps 30, 30, 30, 90');
  });
});

describe('median stopping', () => {
  const search = medianStopping(grid({ x: [1, 2, 3, 4, 5, 6] }), { minRuns: 3, minSteps: 20, parallel: 1 });
  const flat = ({ point }: Suggestion): Pick<Outcome, 'score' | 'curves'> => ({
    score: Number(point.x),
    curves: [[10, 20, 30, 40].map((step) => [step, Number(point.x)] as const)],
  });

  test('limits each run by the median of the means of those before it', () => {
    const timeline = new Timeline(search, { steps: 40, evalEvery: 10 });
    while (timeline.advance((_, s) => flat(s)).length > 0);
    const limits = timeline.suggestions.map((s) => s.limits);
    expect(limits.slice(0, 3)).toEqual([[], [], []]);
    expect(limits[3]).toEqual([
      [20, 2],
      [30, 2],
    ]);
    expect(limits[5]).toEqual([
      [20, 3],
      [30, 3],
    ]);
  });

  test('averages each curve up to the step, and leaves out runs that ended before it', () => {
    const timeline = new Timeline(medianStopping(grid({ x: [1, 2, 3] }), { minRuns: 1, parallel: 1 }), {
      steps: 40,
      evalEvery: 10,
    });
    const curves = [
      [
        [10, 8],
        [20, 4],
      ],
      [
        [10, 2],
        [20, 2],
        [30, 2],
      ],
    ] as const;
    while (timeline.advance((i) => ({ score: 1, curves: curves.slice(i, i + 1) })).length > 0);
    expect(timeline.suggestions[1]?.limits).toEqual([
      [10, 8],
      [20, 6],
    ]);
    expect(timeline.suggestions[2]?.limits).toEqual([
      [10, 5],
      [20, 4],
      [30, 2],
    ]);
  });

  test('cannot be put around a search that stops trials itself', () => {
    expect(() => medianStopping(asha(space, { trials: 3 }))).toThrow('medianStopping cannot wrap asha');
    expect(() => medianStopping(search)).toThrow('cannot wrap grid+median');
  });
});

test.each([
  ['no trials', () => random(space, { trials: 0 }), 'random: trials must be a whole number >= 1 (got 0)'],
  ['no dimensions', () => tpe({}, { trials: 3 }), 'the space is empty'],
  ['a value where a dimension is expected', () => random({ a: 3 as never }, { trials: 3 }), 'a is no dimension'],
  ['several settings at once', () => random({ 'a.b,a.c': choice([1]) }, { trials: 3 }), "'a.b,a.c' names several"],
  ['halving by one', () => asha(space, { trials: 3, eta: 1 }), 'asha: eta must be a whole number >= 2'],
])('refuses %s', (_, make, message) => {
  expect(make).toThrow(message);
});
