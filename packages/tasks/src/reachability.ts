// Graph reachability: is there a way from one node to another, given the edges in context?
import { fold, type Key, key, parseOptions } from '@looplab/core';
import { z } from 'zod';
import { draws } from './draws.ts';
import { mostEdges, rootedGraph, shuffled } from './graphs.ts';
import { type ChainStep, emptyBatch, type Task, type TaskBatch, TaskError } from './task.ts';

const whole = z.int();
export const reachabilityOptions = z.strictObject({
  nodes: whole
    .min(4)
    .max(256)
    .refine((n) => n % 2 === 0, 'nodes must be even, for two halves without a way between; set task.nodes')
    .default(16)
    .describe('nodes of a graph, half of them reached from the start'),
  edges: whole
    .min(2)
    .refine((n) => n % 2 === 0, 'edges must be even, as many in each half; set task.edges')
    .default(20)
    .describe('directed edges of a graph'),
  maxDistance: whole.min(1).default(4).describe('D: training draws the distance to the goal from U{1..D}'),
  validationDistance: whole.min(1).optional().describe('distance to the goal in validation; default maxDistance'),
  validationSeed: whole.min(0).default(0).describe('seed of the held-out graphs'),
});

/**
 * `a b | c d | … s t ?`: directed edges `a -> b` in random order, then whether there is a way from `s` to `t`; the answer, `yes` or `no`, is
 * the target at `?`. Symbols: the nodes, `|`, `?`, `yes`, `no`. (The question of Ouro's section 6.3, with the whole graph in context.)
 *
 * A graph is two halves without an edge between, drawn alike: each a root that reaches its whole half, and a goal at exactly the distance
 * drawn. `s` is one root; `t` is its own goal or the other's, by a fair coin. So nothing but following edges tells the answer: degrees,
 * positions and distances are the same for both. Chance is 1/2.
 *
 * Held-out graphs are drawn apart from training graphs, not excluded from them; there are very many.
 * @throws ConfigError, TaskError where the options do not fit
 *
 * @example
 * const task = reachability({ nodes: 6, edges: 6, maxDistance: 2 });
 * task.decode(task.validation(0, 1).ids); // something like `4 1 | 0 3 | 3 5 | 1 2 | 2 4 | 3 0 | 4 2 ?`
 */
export function reachability(options: z.input<typeof reachabilityOptions> = {}): Task {
  const parsed = parseOptions('task', reachabilityOptions, options);
  const { nodes, edges, maxDistance } = parsed;
  const validationDistance = parsed.validationDistance ?? maxDistance;
  const half = nodes / 2;
  const longest = Math.max(maxDistance, validationDistance);
  if (half < longest + 1) {
    throw new TaskError(
      `reachability: a distance of ${longest} needs ${longest + 1} nodes in each half, there are ${half}; set nodes to ${2 * longest + 2} or more`,
    );
  }
  if (edges < nodes - 2 || edges > 2 * mostEdges(half)) {
    throw new TaskError(
      `reachability: edges must be from ${nodes - 2} to ${2 * mostEdges(half)} for ${nodes} nodes (got ${edges}); set task.edges`,
    );
  }
  const [bar, ask, yes, no] = [nodes, nodes + 1, nodes + 2, nodes + 3];
  const seq = 3 * edges + 3;

  const fill = (from: Key, batch: number, first: number, distance?: number): TaskBatch => {
    const out = emptyBatch(batch, seq);
    for (let row = 0; row < batch; row++) {
      const next = draws(fold(from, first + row));
      const d = distance ?? 1 + next(maxDistance);
      const names = shuffled([...Array(nodes).keys()], next);
      const name = (side: number, node: number): number => names[side * half + node] ?? 0;
      const listed = [0, 1].flatMap((side) =>
        rootedGraph(half, edges / 2, d, next).map(([a, b]) => [name(side, a), name(side, b), bar]),
      );
      const isReached = next(2) === 1;
      const at = row * seq;
      out.ids.set([...shuffled(listed, next).flat(), name(0, 0), name(isReached ? 0 : 1, d), ask], at);
      out.targets[at + seq - 1] = isReached ? yes : no;
      out.weights[at + seq - 1] = 1;
    }
    return out;
  };

  /** Nodes in the order in which breadth-first search comes to them, edges as they are listed; then the answer. */
  const chain = (ids: ArrayLike<number>): ChainStep[] => {
    const all = Array.from(ids);
    const position = all.indexOf(ask);
    const [start, goal] = [all[position - 2], all[position - 1]];
    if (position < 2 || start === undefined || goal === undefined) return [];
    const queue = [start];
    const seen = new Set(queue);
    const steps: ChainStep[] = [];
    for (const node of queue) {
      for (let at = 0; at < position - 2 && !seen.has(goal); at += 3) {
        const to = all[at + 1];
        if (all[at] !== node || to === undefined || seen.has(to)) continue;
        seen.add(to);
        queue.push(to);
        steps.push({ problem: 0, position, token: to, text: `${node} leads to ${to}` });
      }
    }
    const isReached = seen.has(goal);
    const text = `${start} ${isReached ? 'reaches' : 'does not reach'} ${goal}`;
    return [...steps, { problem: 0, position, token: isReached ? yes : no, text }];
  };

  const word = (id: number): string =>
    id >= 0 && id < nodes ? String(id) : (['|', '?', 'yes', 'no'][id - nodes] ?? `?${id}`);

  return {
    name: 'reachability',
    vocab: nodes + 4,
    seq,
    chance: 1 / 2,
    metric: 'accuracy',
    config: { name: 'reachability', ...parsed, validationDistance },
    train: (seed, step, batch) => fill(fold(fold(key(seed), 'reachability/train'), step), batch, 0),
    validation: (index, batch) =>
      fill(fold(key(parsed.validationSeed), 'reachability/validation'), batch, index * batch, validationDistance),
    decode: (ids) => Array.from(ids, word).join(' '),
    chainSteps: half,
    chain,
  };
}
