// Directed graphs: distances by breadth-first search, and random graphs with a known distance.

/** `graph[i]` lists the nodes that node `i` leads to. */
export type Graph = readonly (readonly number[])[];

/** Edges on the shortest way from `source` to every node, `Infinity` where there is none. */
export function distances(graph: Graph, source: number): number[] {
  const found = graph.map(() => Number.POSITIVE_INFINITY);
  found[source] = 0;
  const queue = [source];
  for (const node of queue) {
    for (const next of graph[node] ?? []) {
      if (found[next] !== Number.POSITIVE_INFINITY) continue;
      found[next] = (found[node] ?? 0) + 1;
      queue.push(next);
    }
  }
  return found;
}

/** The most edges that {@link rootedGraph} can always place on `nodes` nodes. */
export function mostEdges(nodes: number): number {
  return (nodes * (nodes - 1)) / 2 + nodes - 1;
}

/**
 * Random edges on `0..nodes-1` so that every node is reached from 0 and node `distance` is exactly `distance` away: the path
 * `0, 1, …, distance`, each further node hung from an earlier one, then edges that lead back, aside, or one level down.
 * @param edges from `nodes - 1` to {@link mostEdges}
 * @param next gives the next random whole number below its argument
 */
export function rootedGraph(
  nodes: number,
  edges: number,
  distance: number,
  next: (below: number) => number,
): [from: number, to: number][] {
  const level: number[] = [0];
  const placed: [number, number][] = [];
  for (let node = 1; node < nodes; node++) {
    const parent = node <= distance ? node - 1 : next(node);
    level.push((level[parent] ?? 0) + 1);
    placed.push([parent, node]);
  }
  const isTree = new Set(placed.map(([from, to]) => from * nodes + to));
  const free: [number, number][] = [];
  for (const [from, above] of level.entries()) {
    for (const [to, below] of level.entries())
      if (from !== to && below <= above + 1 && !isTree.has(from * nodes + to)) free.push([from, to]);
  }
  while (placed.length < edges) placed.push(...free.splice(next(free.length), 1));
  return placed;
}

/** `items` in a random order. */
export function shuffled<T>(items: readonly T[], next: (below: number) => number): T[] {
  const rest = [...items];
  return items.flatMap(() => rest.splice(next(rest.length), 1));
}
