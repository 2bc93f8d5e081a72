// Scheduling: adds dependencies so that ONNX Runtime computes weight gradients as soon as it can, and frees what they need.
import { op } from '../build.ts';
import { countUses, type Graph, makeNode, type Node, producer, rewrite, type Value } from '../graph.ts';
import { bytes, peakBytes, runningOrder } from '../memory.ts';

/** A value that waits longer than this many nodes for its first use can be put off by ONNX Runtime. */
const FAR = 40;
/** Tensors below this many bytes are not worth a dependency. */
const LARGE = 1 << 14;
/** Values waited for at one place. */
const GROUP = 8;

/** The graph with dependencies on values that would be computed late, where that lowers the peak of memory; else itself. */
export function schedule(graph: Graph): Graph {
  const before = peakBytes(graph, runningOrder(graph));
  const least = peakBytes(graph, graph.nodes);
  if (least > 0.9 * before) return graph;
  const after = withDependencies(graph);
  return peakBytes(after, runningOrder(after)) < before ? after : graph;
}

function withDependencies(graph: Graph): Graph {
  const position = new Map(graph.nodes.map((n, i) => [n, i]));
  const firstUse = new Map<Node, number>();
  graph.nodes.forEach((n, i) => {
    for (const v of n.inputs) {
      const p = producer(v);
      if (p && !firstUse.has(p)) firstUse.set(p, i);
    }
  });
  const isFar = (n: Node): boolean => (firstUse.get(n) ?? Number.POSITIVE_INFINITY) - (position.get(n) as number) > FAR;
  const uses = countUses(graph);
  const isLarge = (v: Value | null | undefined): boolean => v !== null && v !== undefined && bytes(v) >= LARGE;
  let waiting: Value[] = [];
  return rewrite(graph, (node, original) => {
    const out = original.outputs[0] as Value;
    if (isFar(original) && original.inputs.some((v) => isLarge(v) && producer(v))) {
      if (uses.has(out)) waiting.push(node.outputs[0] as Value);
      return undefined;
    }
    const at = node.inputs.findIndex((v, i) => isLarge(v) && producer(original.inputs[i]) !== undefined);
    if (waiting.length < GROUP || at < 0 || !isLarge(out) || node.op === 'Reshape' || node.op === 'After')
      return undefined;
    const x = node.inputs[at] as Value;
    const inputs = [...node.inputs];
    inputs[at] = op('After', [x, ...waiting], x);
    waiting = [];
    return makeNode(node.op, inputs, node.outputs, node.attrs).outputs;
  });
}
