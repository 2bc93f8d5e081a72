// The passes, in the order in which they run.
import type { Graph } from './graph.ts';

export type Pass = (graph: Graph) => Graph;

/** Every pass by name, in order. */
export const PASSES: readonly (readonly [string, Pass])[] = [];

/** The same function, cheaper. */
export function optimize(graph: Graph): Graph {
  return PASSES.reduce((g, [, pass]) => pass(g), graph);
}
