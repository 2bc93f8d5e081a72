// Sums of products: `c + a b` becomes one Gemm that adds into c, so that a weight's gradient grows over loops in one buffer.

import { op } from '../build.ts';
import { countUses, type Graph, type Node, rewrite, sameShape, type Value } from '../graph.ts';
import { made } from '../match.ts';

/** A Gemm without an addend whose result is used here only. */
function free(v: Value, uses: ReadonlyMap<Value, number>): Node | undefined {
  const node = made(v, 'Gemm');
  return node?.inputs.length === 2 && uses.get(v) === 1 ? node : undefined;
}

export function accumulate(graph: Graph): Graph {
  const uses = new Map(countUses(graph));
  const count = (now: Value, before: Value): void => {
    uses.set(now, uses.get(before) ?? 0);
  };
  return rewrite(graph, (node, original) => {
    if (node !== original) {
      for (const [i, v] of node.outputs.entries()) count(v, original.outputs[i] as Value);
    }
    if (node.op !== 'Add') return undefined;
    const [a, b] = node.inputs as [Value, Value];
    if (!sameShape(a.shape, b.shape)) return undefined;
    // the later product adds to the earlier value, which exists by then
    const late = (made(a, 'Gemm')?.order ?? -1) > (made(b, 'Gemm')?.order ?? -1) ? [a, b] : [b, a];
    for (const [product, addend] of [late, late.toReversed()] as [Value, Value][]) {
      const gemm = free(product, uses);
      if (!gemm) continue;
      const sum = op('Gemm', [...gemm.inputs, addend], product, gemm.attrs);
      count(sum, original.outputs[0] as Value);
      return [sum];
    }
    return undefined;
  });
}
