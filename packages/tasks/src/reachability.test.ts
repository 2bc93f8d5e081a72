// Checks reachability answers and distances with a search of the printed edges, and that the two answers look alike.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distances, mostEdges, rootedGraph } from './graphs.ts';
import { reachability } from './reachability.ts';
import type { Task, TaskBatch } from './task.ts';

/** A row as a person reads it: from text alone. */
function read(task: Task, { ids, targets, seq }: TaskBatch, r: number) {
  const text = task.decode(ids.subarray(r * seq, (r + 1) * seq));
  const [, listed = '', start = '', goal = ''] = /^(.*)\| (\d+) (\d+) \?$/.exec(text) ?? [];
  const edges = listed.split('|').map((edge) => edge.trim().split(' ').map(Number));
  const graph = Array.from({ length: task.vocab - 4 }, (_, i) =>
    edges.filter(([a]) => a === i).map(([, b]) => b ?? -1),
  );
  const answer = task.decode([targets[(r + 1) * seq - 1] ?? -1]);
  return { edges, graph, start: Number(start), goal: Number(goal), answer };
}

/** Reachability by Warshall's closure, which shares nothing with breadth-first search. */
function closure(graph: readonly (readonly number[])[]): boolean[][] {
  const n = graph.length;
  const reach = graph.map((to, i) => Array.from({ length: n }, (_, j) => i === j || to.includes(j)));
  for (let k = 0; k < n; k++)
    for (const row of reach)
      if (row[k])
        reach[k]?.forEach((is, j) => {
          if (is) row[j] = true;
        });
  return reach;
}

describe('answers', () => {
  it.each([
    { nodes: 16, edges: 20, maxDistance: 4 },
    { nodes: 6, edges: 10, maxDistance: 2 },
    { nodes: 12, edges: 40, maxDistance: 5 },
  ])('agree with the closure of the graph: %j', (options) => {
    const task = reachability(options);
    for (const batch of [task.train(0, 0, 64), task.validation(0, 64)]) {
      for (let r = 0; r < 64; r++) {
        const { edges, graph, start, goal, answer } = read(task, batch, r);
        expect(edges).toHaveLength(options.edges);
        expect(new Set(edges.map(String)).size).toBe(options.edges);
        const reach = closure(graph);
        expect(answer).toBe(reach[start]?.[goal] ? 'yes' : 'no');
        expect(reach[start]?.filter(Boolean)).toHaveLength(options.nodes / 2); // always half, whatever the answer
      }
    }
  });

  it('lie at the distance drawn, in validation at the one asked for', () => {
    const task = reachability({ nodes: 16, maxDistance: 4, validationDistance: 7 });
    const seen = new Map<number, number>();
    const batch = task.train(1, 0, 400);
    for (let r = 0; r < 400; r++) {
      const { graph, start, goal, answer } = read(task, batch, r);
      if (answer === 'no') continue;
      const d = distances(graph, start)[goal] ?? -1;
      seen.set(d, (seen.get(d) ?? 0) + 1);
    }
    expect([...seen.keys()].sort()).toEqual([1, 2, 3, 4]);
    expect(Math.min(...seen.values())).toBeGreaterThan(25); // about 50 each
    const held = task.validation(0, 64);
    for (let r = 0; r < 64; r++) {
      const { graph, start, goal, answer } = read(task, held, r);
      expect(distances(graph, start)[goal]).toBe(answer === 'yes' ? 7 : Number.POSITIVE_INFINITY);
    }
  });

  it('cannot be told from degrees or places', () => {
    const task = reachability({ nodes: 10, edges: 14, maxDistance: 3 });
    const sums = { yes: [0, 0, 0, 0], no: [0, 0, 0, 0] };
    const rows = 4000;
    const batch = task.train(2, 0, rows);
    for (let r = 0; r < rows; r++) {
      const { edges, graph, start, goal, answer } = read(task, batch, r);
      const features = [
        1,
        graph[goal]?.length ?? 0,
        edges.filter(([, b]) => b === goal).length,
        edges.findIndex(([a]) => a === start),
      ];
      const side = answer === 'yes' ? sums.yes : sums.no;
      features.forEach((x, i) => {
        side[i] = (side[i] ?? 0) + x;
      });
    }
    const mean = (side: number[], i: number) => (side[i] ?? 0) / (side[0] ?? 1);
    expect(Math.abs((sums.yes[0] ?? 0) - rows / 2)).toBeLessThan(104); // 3.3 standard deviations of 31.6
    // standard deviations of one row are below 1.2 (degrees) and 4 (place); of a difference of means 0.038 and 0.126
    expect(Math.abs(mean(sums.yes, 1) - mean(sums.no, 1))).toBeLessThan(0.13);
    expect(Math.abs(mean(sums.yes, 2) - mean(sums.no, 2))).toBeLessThan(0.13);
    expect(Math.abs(mean(sums.yes, 3) - mean(sums.no, 3))).toBeLessThan(0.42);
  });
});

it('tells the search as its chain, the answer last', () => {
  const task = reachability({ nodes: 6, edges: 6, maxDistance: 2 });
  const [bar, ask] = [6, 7];
  const graph = [3, 5, bar, 0, 4, bar, 0, 3, bar, 4, 1, bar];
  expect(task.chain?.([...graph, 0, 5, ask]).map(({ text }) => text)).toEqual([
    '0 leads to 4',
    '0 leads to 3',
    '4 leads to 1',
    '3 leads to 5',
    '0 reaches 5',
  ]);
  expect(task.chain?.([...graph, 0, 3, ask]).map(({ token }) => task.decode([token]))).toEqual(['4', '3', 'yes']);
  expect(task.chain?.([...graph, 3, 0, ask]).map(({ token }) => task.decode([token]))).toEqual(['5', 'no']);
  const batch = task.validation(0, 32);
  for (let r = 0; r < 32; r++) {
    const chain = task.chain?.(batch.ids.subarray(r * task.seq, (r + 1) * task.seq)) ?? [];
    expect(chain.at(-1)?.token).toBe(batch.targets[(r + 1) * task.seq - 1]);
    expect(chain.length).toBeLessThanOrEqual(task.chainSteps ?? 0);
  }
});

it('places rooted graphs of every size with the distance asked for', () => {
  const sizes = fc.integer({ min: 2, max: 9 }).chain((n) =>
    fc.record({
      n: fc.constant(n),
      d: fc.integer({ min: 1, max: n - 1 }),
      edges: fc.integer({ min: n - 1, max: mostEdges(n) }),
      seed: fc.nat(),
    }),
  );
  fc.assert(
    fc.property(sizes, ({ n, d, edges, seed }) => {
      let state = seed + 1;
      const next = (below: number) => {
        state = (state * 48271) % 2147483647;
        return state % below;
      };
      const placed = rootedGraph(n, edges, d, next);
      expect(new Set(placed.map(String)).size).toBe(edges);
      const graph = Array.from({ length: n }, (_, i) => placed.filter(([a]) => a === i).map(([, b]) => b));
      const far = distances(graph, 0);
      expect(far[d]).toBe(d);
      expect(far.every(Number.isFinite)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

it.each([
  [{ nodes: 7 }, 'nodes must be even'],
  [{ edges: 21 }, 'edges must be even'],
  [{ nodes: 8, maxDistance: 4 }, 'a distance of 4 needs 5 nodes in each half, there are 4; set nodes to 10 or more'],
  [{ validationDistance: 8 }, 'a distance of 8 needs 9 nodes in each half'],
  [{ edges: 12 }, 'edges must be from 14 to 70 for 16 nodes (got 12)'],
  [{ edges: 72 }, 'edges must be from 14 to 70 for 16 nodes (got 72)'],
])('refuses %j', (options, message) => {
  expect(() => reachability(options)).toThrow(message);
});
