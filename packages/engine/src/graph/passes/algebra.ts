// Algebra: neutral elements, constant factors, negations, broadcasts that a later operator does by itself.
import { add, broadcastShape, mul, op, reshape, scalar, sub, unary } from '../build.ts';
import { type Graph, type Node, rewrite, sameShape, size, type Value } from '../graph.ts';
import { ELEMENTWISE, integersOf, made, scalarOf } from '../match.ts';

/** `x`, if the node's result is x itself when the other operand is neutral. */
function same(node: Node, x: Value): Value | undefined {
  return sameShape(x.shape, (node.outputs[0] as Value).shape) ? x : undefined;
}

function neutral(node: Node): Value | undefined {
  const [a, b] = node.inputs as [Value, Value];
  const ca = scalarOf(a);
  const cb = scalarOf(b);
  switch (node.op) {
    case 'Add':
      return (cb === 0 && same(node, a)) || (ca === 0 && same(node, b)) || undefined;
    case 'Sub':
      if (cb === 0 && same(node, a)) return a;
      return ca === 0 && same(node, b) ? unary('Neg', b) : undefined;
    case 'Mul':
      if (cb === 1 && same(node, a)) return a;
      if (ca === 1 && same(node, b)) return b;
      if (cb === -1 && same(node, a)) return unary('Neg', a);
      return ca === -1 && same(node, b) ? unary('Neg', b) : undefined;
    case 'Div':
      if (cb === 1) return same(node, a);
      // exact only for powers of two; others stay divisions
      return cb !== undefined && Math.log2(Math.abs(cb)) % 1 === 0 && a.dtype === 'float32'
        ? mul(a, scalar(1 / cb))
        : undefined;
    case 'Pow':
      if (cb === 1) return same(node, a);
      return cb === 2 && a.dtype === b.dtype && same(node, a) ? mul(a, a) : undefined;
    default:
      return undefined;
  }
}

/** (x * c1) * c2 = x * (c1 c2), in float32. */
function constantFactor(node: Node): Value | undefined {
  if (node.op !== 'Mul' || node.outputs[0]?.dtype !== 'float32') return undefined;
  const split = (n: Node): [Value, number] | undefined => {
    const [a, b] = n.inputs as [Value, Value];
    const cb = scalarOf(b);
    if (cb !== undefined && same(n, a)) return [a, cb];
    const ca = scalarOf(a);
    return ca !== undefined && same(n, b) ? [b, ca] : undefined;
  };
  const outer = split(node);
  const before = outer && made(outer[0], 'Mul');
  const inner = before && split(before);
  return outer && inner ? mul(inner[0], scalar(outer[1] * inner[1])) : undefined;
}

function negation(node: Node): Value | undefined {
  const [a, b] = node.inputs as [Value, Value];
  const na = made(a, 'Neg')?.inputs[0];
  const nb = made(b, 'Neg')?.inputs[0];
  if (node.op === 'Neg' && na) return na;
  if (node.op === 'Add' && nb) return sub(a, nb);
  if (node.op === 'Add' && na) return sub(b, na);
  if (node.op === 'Sub' && nb) return add(a, nb);
  if (node.op === 'Mul' && na && nb) return mul(na, nb);
  return undefined;
}

/** An operand that only repeats elements (a splat, an Expand) is given unrepeated if the others have the full shape. */
function broadcast(node: Node): Value | undefined {
  if (!ELEMENTWISE.has(node.op) || node.inputs.length < 2) return undefined;
  const out = node.outputs[0] as Value;
  const inputs = [...(node.inputs as readonly Value[])];
  let changed = false;
  inputs.forEach((v, i) => {
    const number = v.shape.length > 0 && size(v.shape) !== 1 ? scalarOf(v) : undefined;
    const small = number !== undefined ? scalar(number, v.dtype) : made(v, 'Expand')?.inputs[0];
    if (!small) return;
    const others = inputs.filter((_, j) => j !== i).map((x) => x.shape);
    if (
      sameShape(
        [...others, small.shape].reduce((s, t) => broadcastShape(s, t)),
        out.shape,
      )
    ) {
      inputs[i] = small;
      changed = true;
    }
  });
  return changed ? op(node.op, inputs, out, node.attrs) : undefined;
}

/** x * 1 where the ones are what makes the shape: tfjs's way to repeat. */
function repeat(node: Node): Value | undefined {
  if (node.op !== 'Mul') return undefined;
  const out = node.outputs[0] as Value;
  const [a, b] = node.inputs as [Value, Value];
  const x = scalarOf(b) === 1 ? a : scalarOf(a) === 1 ? b : undefined;
  if (!x || sameShape(x.shape, out.shape)) return undefined;
  const shape: Value = {
    shape: [out.shape.length],
    dtype: 'int64',
    def: { kind: 'constant', data: BigInt64Array.from(out.shape, BigInt), splat: false },
  };
  return op('Expand', [x, shape], out);
}

/** A reduction over axes of length one only drops them. */
function emptyReduction(node: Node): Value | undefined {
  if (!['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd'].includes(node.op)) return undefined;
  const x = node.inputs[0] as Value;
  const axes = integersOf(node.inputs[1]);
  return axes?.every((a) => x.shape[a] === 1) ? reshape(x, (node.outputs[0] as Value).shape) : undefined;
}

export function algebra(graph: Graph): Graph {
  return rewrite(graph, (node) => {
    if (node.op === 'Identity') return [node.inputs[0] as Value];
    for (const rule of [neutral, negation, constantFactor, repeat, broadcast, emptyReduction]) {
      const value = rule(node);
      if (value) return [value];
    }
    return undefined;
  });
}
