// Common subexpression elimination: a node that repeats an earlier one, on equal inputs, is replaced by it.
import { type Graph, rewrite, type Value } from '../graph.ts';

/** Constants are equal by content. */
function constantKey(v: Value): string {
  if (v.def.kind !== 'constant') return '';
  const bytes = new Uint8Array(v.def.data.buffer, v.def.data.byteOffset, v.def.data.byteLength);
  return `${v.dtype}[${v.shape}]${v.def.splat ? 's' : ''}:${Buffer.from(bytes).toString('latin1')}`;
}

export function cse(graph: Graph): Graph {
  const ids = new Map<Value, string>();
  const constants = new Map<string, string>();
  const id = (v: Value | null): string => {
    if (v === null) return '_';
    let known = ids.get(v);
    if (known === undefined) {
      known = `${ids.size}`;
      if (v.def.kind === 'constant') {
        const key = constantKey(v);
        const same = constants.get(key);
        if (same === undefined) constants.set(key, known);
        else known = same;
      }
      ids.set(v, known);
    }
    return known;
  };
  const seen = new Map<string, readonly Value[]>();
  return rewrite(graph, (node) => {
    const key = `${node.op}(${node.inputs.map(id).join()})${JSON.stringify(node.attrs)}${node.outputs.length}`;
    const earlier = seen.get(key);
    if (earlier) return earlier;
    seen.set(key, node.outputs);
    return undefined;
  });
}
