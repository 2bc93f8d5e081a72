// Transpose merging: chains become one, those that move no elements become reshapes, and products take them as flags.
import { gemm, op, reshape, transpose } from '../build.ts';
import { type Attrs, type Graph, type Node, rewrite, type Value } from '../graph.ts';
import { made } from '../match.ts';

function permOf(node: Node): readonly number[] {
  return node.attrs['perm'] as readonly number[];
}

/** Swaps the last two axes and nothing else. */
function swapsLast(node: Node | undefined): boolean {
  if (!node) return false;
  const p = permOf(node);
  const n = p.length;
  return n >= 2 && p[n - 1] === n - 2 && p[n - 2] === n - 1 && p.slice(0, -2).every((a, i) => a === i);
}

function merge(node: Node): Value | undefined {
  if (node.op !== 'Transpose') return undefined;
  const x = node.inputs[0] as Value;
  const perm = permOf(node);
  const before = made(x, 'Transpose');
  if (before) {
    const inner = permOf(before);
    return transpose(
      before.inputs[0] as Value,
      perm.map((p) => inner[p] as number),
    );
  }
  const long = perm.filter((p) => x.shape[p] !== 1);
  return long.every((p, i) => i === 0 || p > (long[i - 1] as number))
    ? reshape(x, (node.outputs[0] as Value).shape)
    : undefined;
}

function flag(attrs: Attrs, name: string): boolean {
  return attrs[name] === 1;
}

/** Products of transposed operands. */
function absorb(node: Node): Value | undefined {
  const isGemm = node.op === 'Gemm';
  if (!isGemm && node.op !== 'MatMul' && node.op !== 'FusedMatMul') return undefined;
  const out = node.outputs[0] as Value;
  if (out.dtype !== 'float32') return undefined;
  const [a, b, c] = node.inputs as [Value, Value, Value | undefined];
  if (a.shape.length < 2 || b.shape.length < 2) return undefined;
  const ta = made(a, 'Transpose');
  const tb = made(b, 'Transpose');
  const useA = swapsLast(ta);
  const useB = swapsLast(tb);
  if (!useA && !useB) return undefined;
  const x = useA ? (ta?.inputs[0] as Value) : a;
  const y = useB ? (tb?.inputs[0] as Value) : b;
  const transA = flag(node.attrs, 'transA') !== useA;
  const transB = flag(node.attrs, 'transB') !== useB;
  const alpha = (node.attrs['alpha'] as { float: number } | undefined)?.float ?? 1;
  if (isGemm) return gemm(x, y, { transA, transB, alpha }, c);
  return op('FusedMatMul', [x, y], out, { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha: { float: alpha } });
}

export function transposes(graph: Graph): Graph {
  return rewrite(graph, (node) => {
    const value = merge(node) ?? absorb(node);
    return value ? [value] : undefined;
  });
}
