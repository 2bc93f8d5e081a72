// Checks the looped construction against breadth-first search on random graphs, and that the printed one fails.
import { fold, key, uniform } from '@looplab/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { distances, type Graph } from './graphs.ts';
import { type Matrix, reachabilityLayer, reachabilityLoop, reachedAfter, startState } from './reachabilityTheorem.ts';

/** A graph of `n` nodes in which each edge is there with probability `p`. */
function randomGraph(n: number, p: number, seed: number): Graph {
  const u = uniform(fold(key(7), seed), n * n);
  return Array.from({ length: n }, (_, i) => [...Array(n).keys()].filter((j) => i !== j && (u[i * n + j] ?? 1) < p));
}

const both = (a: Graph, b: Graph): Graph => a.map((edges, i) => [...new Set([...edges, ...(b[i] ?? [])])]);

/** A stored and a context graph on 1..12 nodes, from no edges at all to many. */
const graphs = fc
  .record({
    n: fc.integer({ min: 1, max: 12 }),
    p: fc.double({ min: 0, max: 0.3, noNaN: true }),
    q: fc.double({ min: 0, max: 0.3, noNaN: true }),
    seed: fc.nat(),
  })
  .map(({ n, p, q, seed }) => ({ n, stored: randomGraph(n, p, 2 * seed), context: randomGraph(n, q, 2 * seed + 1) }));

it('finds every pair at distance D within ceil(log2 D) + 1 loops, and none that is not connected', () => {
  fc.assert(
    fc.property(graphs, ({ n, stored, context }) => {
      const layer = reachabilityLayer(n, stored);
      const truth = both(stored, context);
      const reached = Array.from({ length: 6 }, (_, loops) => reachedAfter(layer, context, loops));
      for (let s = 0; s < n; s++) {
        distances(truth, s).forEach((d, t) => {
          for (let loops = 0; loops < 6; loops++) {
            const enough = s === t || (Number.isFinite(d) && loops >= Math.ceil(Math.log2(d)) + 1);
            if (enough) expect(reached[loops]?.[s]?.[t]).toBe(true);
            if (d === Number.POSITIVE_INFINITY) expect(reached[loops]?.[s]?.[t]).toBe(false);
          }
        });
      }
    }),
    { numRuns: 100 },
  );
});

it('needs those loops on a path that is stored in the weights', () => {
  const n = 17;
  const path: Graph = Array.from({ length: n }, (_, i) => (i + 1 < n ? [i + 1] : []));
  const none: Graph = path.map(() => []);
  const layer = reachabilityLayer(n, path);
  const firstLoop = [1, 2, 3, 4, 5, 8, 9, 16].map((d) =>
    [1, 2, 3, 4, 5, 6].find((loops) => reachedAfter(layer, none, loops)[0]?.[d]),
  );
  expect(firstLoop).toEqual([1, 2, 3, 3, 4, 4, 5, 5]); // ceil(log2 D) + 1
});

it('has the weights of the theorem', () => {
  const { key: k, query, value, w1, w2 } = reachabilityLayer(2, [[1], []], 9);
  expect(k).toEqual([
    [9, 0, 0, 0],
    [0, 9, 0, 0],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ]);
  expect(query).toEqual([
    [0, 0, 1, 0],
    [0, 0, 0, 1],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ]);
  expect(value).toEqual([
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ]);
  expect(w1).toEqual([
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [1, 0, 0, 0],
  ]); // 0 -> 1
  expect(w2).toEqual([
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ]);
  expect(startState(2, [[], [0]])).toEqual([
    [1, 0],
    [0, 1],
    [1, 1],
    [0, 1],
  ]); // 1 -> 0 in context, and both themselves
});

it('fails as printed: with Q = V, and without each node in its own list', () => {
  const n = 12;
  const wrong = { printed: 0, withoutSelf: 0, corrected: 0 };
  for (let seed = 0; seed < 60; seed++) {
    const context = randomGraph(n, 0.1, seed);
    const none: Graph = context.map(() => []);
    const layer = reachabilityLayer(n, none);
    const truth = context.map((_, s) => distances(context, s).map(Number.isFinite));
    const bare = startState(n, context).map((row, r) => row.map((x, i) => (r - n === i ? 0 : x)));
    const loops = Math.ceil(Math.log2(n)) + 1;
    const isWrong = (weights: typeof layer, start: Matrix): boolean => {
      let state = start;
      for (let loop = 0; loop < loops; loop++) state = reachabilityLoop(weights, state);
      return truth.some((reach, s) => reach.some((is, t) => s !== t && is !== (state[n + t]?.[s] === 1)));
    };
    if (isWrong({ ...layer, query: layer.value }, bare)) wrong.printed++;
    if (isWrong(layer, bare)) wrong.withoutSelf++;
    if (isWrong(layer, startState(n, context))) wrong.corrected++;
  }
  expect(wrong.corrected).toBe(0);
  expect(wrong.printed).toBeGreaterThan(50);
  expect(wrong.withoutSelf).toBeGreaterThan(50);
});
