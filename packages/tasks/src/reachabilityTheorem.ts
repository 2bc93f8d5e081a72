// The theorem that a looped layer decides reachability in log depth, as one layer with explicit weights.

import type { Graph } from './graphs.ts';

/** A matrix as rows of numbers. */
export type Matrix = readonly (readonly number[])[];

/** One attention head and one MLP on columns `[v; a]` of width `2n`, all matrices `[2n, 2n]`. */
export interface ReachabilityLayer {
  readonly nodes: number;
  readonly key: Matrix;
  readonly query: Matrix;
  readonly value: Matrix;
  readonly w1: Matrix;
  readonly w2: Matrix;
}

/**
 * The layer of Ouro's theorem (section 6.3, B.5) for a graph stored in its weights: `n` nodes, one head, width `2n`, the same weights in
 * every loop and for every graph in context. Column `i` of the state is `[e_i; a_i]`, where `a_i` marks the nodes known to be reached
 * from `i`. A loop computes, with `LN(x) = 1{x > 0}` by element,
 *
 *     H' = LN(H + V H softmax(Hᵀ Kᵀ Q H))        node i takes over what the nodes in a_i reach: known distances double
 *     H'' = LN(H' + W2 relu(W1 H'))              and the stored edges of node i
 *
 * with `K = beta [[I,0],[0,0]]`, `V = [[0,0],[0,I]]`, `W1 = [[0,0],[A,0]]` (`A[t][i] = 1` for a stored edge `i -> t`), `W2 = I`.
 *
 * Two things differ from the paper, where they are misprinted: `Q = [[0,I],[0,0]]`, as the printed `Q = V` makes all scores 0; and each
 * node is put into its own `a_i` at the start ({@link startState}), as one without edges would attend to all others alike.
 *
 * @param beta sharpness of the softmax: `exp(-beta)` must be exactly 0 next to 1, since LN turns any rest into an edge
 */
export function reachabilityLayer(nodes: number, stored: Graph, beta = 1000): ReachabilityLayer {
  const width = 2 * nodes;
  const isTop = (i: number): boolean => i < nodes;
  const matrix = (entry: (row: number, column: number) => number): Matrix =>
    Array.from({ length: width }, (_, row) => Array.from({ length: width }, (_, column) => entry(row, column)));
  return {
    nodes,
    key: matrix((r, c) => (isTop(r) && r === c ? beta : 0)),
    query: matrix((r, c) => (isTop(r) && c === r + nodes ? 1 : 0)),
    value: matrix((r, c) => (!isTop(r) && r === c ? 1 : 0)),
    w1: matrix((r, c) => (!isTop(r) && isTop(c) && stored[c]?.includes(r - nodes) ? 1 : 0)),
    w2: matrix((r, c) => (r === c ? 1 : 0)),
  };
}

/** The state before the first loop: column `i` is `[e_i; a_i]` with the edges of the graph in context and node `i` itself. */
export function startState(nodes: number, context: Graph): Matrix {
  return Array.from({ length: 2 * nodes }, (_, r) =>
    Array.from({ length: nodes }, (_, i) =>
      r % nodes === i || (r >= nodes && context[i]?.includes(r - nodes)) ? 1 : 0,
    ),
  );
}

/** One loop: the state `[2n, n]` after attention and MLP. */
export function reachabilityLoop({ key, query, value, w1, w2 }: ReachabilityLayer, state: Matrix): Matrix {
  const scores = product(transpose(product(key, state)), product(query, state)); // [n, n]: key j, query i
  const attention = transpose(transpose(scores).map(softmax)); // each column sums to 1
  const attended = normed(sum(state, product(product(value, state), attention)));
  const hidden = product(w1, attended).map((row) => row.map((x) => Math.max(0, x)));
  return normed(sum(attended, product(w2, hidden)));
}

/**
 * Whether each node reaches each other one by the stored edges and those in context together, after `loops` loops:
 * `reached[s][t]`. True answers are true, and `ceil(log2 D) + 1` loops find every pair at distance `D` or less.
 */
export function reachedAfter(layer: ReachabilityLayer, context: Graph, loops: number): boolean[][] {
  let state = startState(layer.nodes, context);
  for (let loop = 0; loop < loops; loop++) state = reachabilityLoop(layer, state);
  return Array.from({ length: layer.nodes }, (_, s) =>
    Array.from({ length: layer.nodes }, (_, t) => state[layer.nodes + t]?.[s] === 1),
  );
}

function product(a: Matrix, b: Matrix): Matrix {
  const columns = transpose(b);
  return a.map((row) => columns.map((column) => row.reduce((total, x, k) => total + x * (column[k] ?? 0), 0)));
}

function transpose(a: Matrix): Matrix {
  return Array.from({ length: a[0]?.length ?? 0 }, (_, c) => a.map((row) => row[c] ?? 0));
}

function sum(a: Matrix, b: Matrix): Matrix {
  return a.map((row, r) => row.map((x, c) => x + (b[r]?.[c] ?? 0)));
}

function softmax(scores: readonly number[]): number[] {
  const top = Math.max(...scores);
  const powers = scores.map((x) => Math.exp(x - top));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / total);
}

/** `LN` of the theorem: 1 where an element is above 0. */
function normed(a: Matrix): Matrix {
  return a.map((row) => row.map((x) => (x > 0 ? 1 : 0)));
}
