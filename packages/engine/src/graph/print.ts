// Prints a graph as text, one node a line: for people, and for tests of passes.
import type { Attr, Graph, Value } from './graph.ts';

function attrText(a: Attr): string {
  if (typeof a === 'object' && 'float' in a) return `${a.float}f`;
  if (typeof a === 'object' && 'floats' in a) return `[${a.floats.join(', ')}]f`;
  return typeof a === 'object' ? `[${a.join(', ')}]` : JSON.stringify(a);
}

/** `%3 f32[2,4] = Gemm(%0, %1) {transB=1}` for every node, inputs first and outputs last. */
export function printGraph(graph: Graph): string {
  const names = new Map<Value, string>();
  const short = { float32: 'f32', int32: 'i32', int64: 'i64', bool: 'bool' } as const;
  const type = (v: Value): string => `${short[v.dtype]}[${v.shape.join(',')}]`;
  const name = (v: Value | null): string => {
    if (v === null) return '_';
    const known = names.get(v);
    if (known !== undefined) return known;
    if (v.def.kind === 'constant' && v.def.data.length <= 4) {
      return `${type(v)}{${Array.from(v.def.data as ArrayLike<number | bigint>).join(', ')}${v.def.splat ? '…' : ''}}`;
    }
    const fresh = v.def.kind === 'node' ? `%${names.size}` : `${v.def.kind}${names.size}:${type(v)}`;
    names.set(v, fresh);
    return fresh;
  };
  const lines = [`inputs: ${graph.inputs.map(name).join(', ')}`];
  for (const n of graph.nodes) {
    const inputs = n.inputs.map(name).join(', ');
    const attrs = Object.entries(n.attrs).map(([k, a]) => `${k}=${attrText(a)}`);
    const outs = n.outputs.map((v) => `${name(v)} ${type(v)}`).join(', ');
    lines.push(`${outs} = ${n.op}(${inputs})${attrs.length > 0 ? ` {${attrs.join(', ')}}` : ''}`);
  }
  lines.push(`outputs: ${graph.outputs.map(name).join(', ')}`);
  return lines.join('\n');
}
