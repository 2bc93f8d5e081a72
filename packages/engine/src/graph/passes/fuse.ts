// Fusion into operators that do several steps in one pass over memory: QuickGelu, RMS normalisation, scaled products.
import { ops, unary } from '../build.ts';
import { countUses, type Graph, makeConstant, type Node, rewrite, sameShape, type Value } from '../graph.ts';
import { integersOf, lastAxis, made, scalarOf } from '../match.ts';

/** The operands of a product in both orders; none for other operators. */
function factors(node: Node): readonly (readonly [Value, Value])[] {
  if (node.op !== 'Mul') return [];
  const [a, b] = node.inputs as [Value, Value];
  return [
    [a, b],
    [b, a],
  ];
}

/** x * sigmoid(alpha x) */
function quickGelu(node: Node): Value | undefined {
  for (const [x, s] of factors(node)) {
    const inner = made(s, 'Sigmoid')?.inputs[0];
    if (!inner) continue;
    if (inner === x) return unary('QuickGelu', x, { alpha: { float: 1 } });
    const scaled = made(inner, 'Mul');
    const alpha =
      scaled?.inputs[0] === x
        ? scalarOf(scaled.inputs[1])
        : scaled?.inputs[1] === x
          ? scalarOf(scaled.inputs[0])
          : undefined;
    if (alpha !== undefined && sameShape(inner.shape, x.shape))
      return unary('QuickGelu', x, { alpha: { float: alpha } });
  }
  return undefined;
}

/** x * (1 / sqrt(mean(x^2) + eps)), as composed of plain operations. */
function rmsNorm(node: Node): Value | undefined {
  for (const [x, s] of factors(node)) {
    const plus = made(made(made(s, 'Reciprocal')?.inputs[0], 'Sqrt')?.inputs[0], 'Add');
    const eps = scalarOf(plus?.inputs[1]);
    const mean = made(plus?.inputs[0], 'ReduceMean');
    const square = made(mean?.inputs[0], 'Mul');
    const axes = integersOf(mean?.inputs[1]);
    if (eps === undefined || square?.inputs[0] !== x || square.inputs[1] !== x || x.dtype !== 'float32') continue;
    if (axes?.length !== 1 || axes[0] !== x.shape.length - 1 || mean?.attrs['keepdims'] !== 1) continue;
    const d = lastAxis(x);
    const weight = makeConstant(new Float32Array(d).fill(1), [d], 'float32');
    const inv = { shape: [...x.shape.slice(0, -1), 1], dtype: x.dtype };
    return ops('SimplifiedLayerNormalization', [x, weight], [x, inv], {
      axis: -1,
      epsilon: { float: eps },
      stash_type: 1,
    })[0];
  }
  return undefined;
}

/** A product times a number is the product with that factor inside. */
function scale(node: Node, uses: ReadonlyMap<Value, number>): Value | undefined {
  for (const [x, c] of factors(node)) {
    const factor = scalarOf(c);
    const product = made(x, 'Gemm') ?? made(x, 'FusedMatMul') ?? made(x, 'MatMul');
    if (factor === undefined || !product || uses.get(x) !== 1 || x.dtype !== 'float32') continue;
    if (!sameShape(x.shape, (node.outputs[0] as Value).shape) || product.inputs.length > 2) continue;
    if (product.inputs.some((v) => (v as Value).shape.length < 2)) continue;
    const alpha = ((product.attrs['alpha'] as { float: number } | undefined)?.float ?? 1) * factor;
    const attrs = {
      transA: product.attrs['transA'] ?? 0,
      transB: product.attrs['transB'] ?? 0,
      alpha: { float: alpha },
    };
    return ops(product.op === 'Gemm' ? 'Gemm' : 'FusedMatMul', product.inputs, [x], attrs)[0];
  }
  return undefined;
}

export function fuse(graph: Graph): Graph {
  const uses = countUses(graph);
  return rewrite(graph, (node, original) => {
    // uses are counted on the values of the graph as it came in
    const value = quickGelu(node) ?? rmsNorm(node) ?? (node === original ? scale(node, uses) : undefined);
    return value ? [value] : undefined;
  });
}
