// Runs the theorem's looped layer on random graphs and writes which pairs of nodes it finds after how many loops.
//   node experiments/reachability/theorem.ts        experiments/reachability/data/theorem.csv
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fold, key, uniform } from '@looplab/core';
import { reachabilityLayer, reachedAfter } from '@looplab/tasks';

/** For each node those that its edges lead to. */
type Graph = readonly (readonly number[])[];

const [nodes, graphs, seeds, deepest, farthest] = [32, 20, 3, 5, 8];

/** Edges of the steps between nodes in a breadth-first search; Infinity without a way. */
function distancesFrom(start: number, graph: Graph): number[] {
  const found = Array.from(graph, () => Number.POSITIVE_INFINITY);
  found[start] = 0;
  const queue = [start];
  for (const node of queue)
    for (const next of graph[node] ?? [])
      if (found[next] === Number.POSITIVE_INFINITY) {
        found[next] = (found[node] ?? 0) + 1;
        queue.push(next);
      }
  return found;
}

const lines = ['seed,distance,loops,pairs,found'];
for (let seed = 0; seed < seeds; seed++) {
  const pairs = new Map<string, { pairs: number; found: number }>();
  for (let g = 0; g < graphs; g++) {
    // each edge is stored in the weights or given in context, by a fair coin
    const u = uniform(fold(fold(key(seed), 'theorem'), g), 2 * nodes * nodes);
    const edges = (where: (coin: number) => boolean): Graph =>
      Array.from({ length: nodes }, (_, i) =>
        [...Array(nodes).keys()].filter((j) => {
          const at = 2 * (i * nodes + j);
          return i !== j && (u[at] ?? 1) < 1.5 / nodes && where(u[at + 1] ?? 0);
        }),
      );
    const [whole, stored, context] = [edges(() => true), edges((c) => c < 0.5), edges((c) => c >= 0.5)];
    const layer = reachabilityLayer(nodes, stored);
    for (let loops = 1; loops <= deepest; loops++) {
      const reached = reachedAfter(layer, context, loops);
      for (let s = 0; s < nodes; s++) {
        distancesFrom(s, whole).forEach((d, t) => {
          if (s === t || (d > farthest && d !== Number.POSITIVE_INFINITY)) return;
          const id = `${d === Number.POSITIVE_INFINITY ? 'none' : d},${loops}`;
          const { pairs: n, found } = pairs.get(id) ?? { pairs: 0, found: 0 };
          pairs.set(id, { pairs: n + 1, found: found + (reached[s]?.[t] ? 1 : 0) });
        });
      }
    }
  }
  for (const [id, { pairs: n, found }] of [...pairs].sort(([a], [b]) => (a < b ? -1 : 1)))
    lines.push(`${seed},${id},${n},${Number((found / n).toPrecision(6))}`);
}
writeFileSync(join(import.meta.dirname, 'data', 'theorem.csv'), `${lines.join('\n')}\n`);
