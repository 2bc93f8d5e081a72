// Reshape merging: element-wise work is done on the rows form [N, d] of a tensor, so that reshapes meet and cancel.
import { ops, reshape } from '../build.ts';
import { type Graph, makeConstant, type Node, rewrite, sameShape, size, type Value } from '../graph.ts';
import { ELEMENTWISE, integersOf, lastAxis, made, rowCount, scalarOf } from '../match.ts';

/** `u` [N, d], if v is a reshape of it that keeps the last axis. */
function rowsOf(v: Value | null | undefined): Value | undefined {
  const u = v && made(v, 'Reshape')?.inputs[0];
  return v && u && u.shape.length === 2 && v.shape.length > 2 && lastAxis(u) === lastAxis(v) ? u : undefined;
}

/** A chain of reshapes is its last one. */
function merge(node: Node): Value | undefined {
  if (node.op !== 'Reshape') return undefined;
  const x = node.inputs[0] as Value;
  const { shape } = node.outputs[0] as Value;
  if (sameShape(x.shape, shape)) return x;
  const before = made(x, 'Reshape');
  return before ? reshape(before.inputs[0] as Value, shape) : undefined;
}

/** Operand `v` of a result [..., d] as it takes part in the result's rows form; undefined if it does not fit. */
function operand(v: Value, out: Value): Value | undefined {
  if (size(v.shape) === 1)
    return v.shape.length <= 1 ? v : scalarOf(v) !== undefined ? reshapeConstant(v, []) : reshape(v, [1]);
  if (v.shape.length === 1 && v.shape[0] === lastAxis(out)) return v;
  const fits = v.shape.length === out.shape.length && sameShape(v.shape.slice(0, -1), out.shape.slice(0, -1));
  if (!fits || (lastAxis(v) !== lastAxis(out) && lastAxis(v) !== 1)) return undefined;
  return rowsOf(v) ?? reshapeConstant(v, [rowCount(v), lastAxis(v)]);
}

function reshapeConstant(v: Value, shape: readonly number[]): Value {
  return v.def.kind === 'constant'
    ? makeConstant(v.def.data, shape, v.dtype, v.def.splat && size(shape) !== 1)
    : reshape(v, shape);
}

/** op(reshape(a), reshape(b)) = reshape(op(a, b)) */
function sink(node: Node): readonly Value[] | undefined {
  const inputs = node.inputs as readonly Value[];
  const out = node.outputs[0] as Value;
  const rank = out.shape.length;
  if (rank < 3) return undefined;
  const reduces = (node.op === 'ReduceMean' || node.op === 'ReduceSum') && node.attrs['keepdims'] === 1;
  const first = rowsOf(inputs[0]);
  if (reduces) {
    const axes = integersOf(inputs[1]);
    if (!first || axes?.length !== 1 || axes[0] !== rank - 1) return undefined;
    return restore(node, [first, makeConstant(BigInt64Array.of(1n), [1], 'int64')], node.attrs);
  }
  if (node.op === 'SimplifiedLayerNormalization' && first)
    return restore(node, [first, inputs[1] as Value], node.attrs);
  if ((node.op === 'Softmax' || node.op === 'LogSoftmax') && first && node.attrs['axis'] === rank - 1) {
    return restore(node, [first], { axis: 1 });
  }
  if (!ELEMENTWISE.has(node.op) || !inputs.some((v) => rowsOf(v) && sameShape(v.shape, out.shape))) return undefined;
  const moved = inputs.map((v) => operand(v, out));
  return moved.every((v): v is Value => v !== undefined) ? restore(node, moved, node.attrs) : undefined;
}

/** The node on rows, and reshapes back to its outputs' shapes. */
function restore(node: Node, inputs: readonly Value[], attrs: Node['attrs']): readonly Value[] {
  const sigs = node.outputs.map((v) => ({ shape: [rowCount(v), lastAxis(v)], dtype: v.dtype }));
  return ops(node.op, inputs, sigs, attrs).map((v, i) => reshape(v, (node.outputs[i] as Value).shape));
}

export function reshapes(graph: Graph): Graph {
  return rewrite(graph, (node) => {
    const merged = merge(node);
    return merged ? [merged] : sink(node);
  });
}
