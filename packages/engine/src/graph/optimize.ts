// The passes, in the order in which they run.
import type { Graph } from './graph.ts';
import { accumulate } from './passes/accumulate.ts';
import { algebra } from './passes/algebra.ts';
import { cse } from './passes/cse.ts';
import { foldConstants } from './passes/foldConstants.ts';
import { fuse } from './passes/fuse.ts';
import { reshapes } from './passes/reshapes.ts';
import { schedule } from './passes/schedule.ts';
import { transposes } from './passes/transposes.ts';

export type Pass = (graph: Graph) => Graph;

/** Every pass by name. Each keeps what the graph computes; dead code goes whenever a graph is rebuilt. */
const PASSES: Readonly<Record<string, Pass>> = {
  cse,
  foldConstants,
  algebra,
  transposes,
  reshapes,
  fuse,
  accumulate,
  schedule,
};

/** Simplification exposes more of itself: these run until nothing changes, at most this often. */
const SIMPLIFY = ['cse', 'foldConstants', 'algebra', 'transposes', 'reshapes'] as const;
const MAX_ROUNDS = 4;

/** The same function, cheaper. */
export function optimize(graph: Graph): Graph {
  let g = graph;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = g.nodes.length;
    for (const name of SIMPLIFY) g = (PASSES[name] as Pass)(g);
    if (round > 0 && g.nodes.length === before) break;
  }
  return schedule(accumulate(fuse(cse(g))));
}
