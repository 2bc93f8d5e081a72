// How much memory a graph needs: the order in which ONNX Runtime runs it, and the tensors alive at each step.
import { type Graph, type Node, producer, size, type Value } from './graph.ts';

/**
 * ONNX Runtime's running order: depth first from the nodes nobody consumes, the latest first, inputs before consumers and
 * later inputs first (its GraphViewer). It is not the order of the file, and can keep far more tensors alive.
 */
export function runningOrder(graph: Graph): Node[] {
  const index = new Map(graph.nodes.map((n, i) => [n, i]));
  const consumed = new Set(graph.nodes.flatMap((n) => n.inputs.map(producer)));
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; leave: boolean }[] = graph.nodes
    .filter((n) => !consumed.has(n))
    .map((node) => ({ node, leave: false }));
  while (stack.length > 0) {
    const { node, leave } = stack.pop() as { node: Node; leave: boolean };
    if (leave) {
      order.push(node);
      continue;
    }
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push({ node, leave: true });
    const before = [...new Set(node.inputs.map(producer))].filter(
      (n): n is Node => n !== undefined && index.has(n) && !seen.has(n),
    );
    before.sort((a, b) => (index.get(a) as number) - (index.get(b) as number));
    for (const n of before) stack.push({ node: n, leave: false });
  }
  return order;
}

/** Operators whose output is their input's memory. */
const VIEWS: ReadonlySet<string> = new Set(['Reshape', 'After']);

export function bytes(v: Value): number {
  const width = { float32: 4, int32: 4, int64: 8, bool: 1 };
  return size(v.shape) * width[v.dtype];
}

/** Largest number of bytes in intermediate tensors and outputs that are alive at once when nodes run in this order. */
export function peakBytes(graph: Graph, order: readonly Node[]): number {
  const base = new Map<Value, Value>();
  const rootOf = (v: Value): Value => {
    let x = v;
    for (let y = base.get(x); y; y = base.get(x)) x = y;
    return x;
  };
  const lastUse = new Map<Value, number>();
  order.forEach((n, i) => {
    if (VIEWS.has(n.op)) base.set(n.outputs[0] as Value, n.inputs[0] as Value);
    for (const v of [...n.inputs, ...n.outputs]) if (v) lastUse.set(rootOf(v), i);
  });
  for (const v of graph.outputs) lastUse.set(rootOf(v), Number.POSITIVE_INFINITY);
  const dying = new Map<number, number>();
  for (const [v, i] of lastUse) if (v.def.kind === 'node') dying.set(i, (dying.get(i) ?? 0) + bytes(v));
  let alive = 0;
  let peak = 0;
  order.forEach((n, i) => {
    for (const v of n.outputs) if (!base.has(v)) alive += bytes(v);
    peak = Math.max(peak, alive);
    alive -= dying.get(i) ?? 0;
  });
  return peak;
}
