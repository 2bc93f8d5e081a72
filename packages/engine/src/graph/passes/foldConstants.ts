// Constant folding: nodes whose inputs are all small constants are computed now.
import { typedArray } from '../build.ts';
import {
  type DType,
  type Graph,
  makeConstant,
  type Node,
  rewrite,
  size,
  type TypedArray,
  type Value,
} from '../graph.ts';

/** Larger results stay computed at run time: a model file full of folded constants would not be cheaper. */
const MAX_ELEMENTS = 1 << 16;

const BINARY: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Max: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.max(a, b)),
  Min: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.min(a, b)),
};
const FLOAT_BINARY: Record<string, (a: number, b: number) => number> = {
  ...BINARY,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
};
const UNARY: Record<string, (x: number) => number> = { Neg: (x) => -x, Abs: Math.abs };
const FLOAT_UNARY: Record<string, (x: number) => number> = {
  ...UNARY,
  Sqrt: Math.sqrt,
  Reciprocal: (x) => 1 / x,
  Exp: Math.exp,
  Log: Math.log,
};

function elements(v: Value): TypedArray | undefined {
  return v.def.kind === 'constant' ? v.def.data : undefined;
}

/** Place in an operand of shape `from` of the element at flat place `i` of the result. */
function broadcastIndex(i: number, to: readonly number[], from: readonly number[]): number {
  let rest = i;
  let index = 0;
  let stride = 1;
  for (let axis = to.length - 1; axis >= 0; axis--) {
    const n = to[axis] as number;
    const at = rest % n;
    rest = Math.floor(rest / n);
    const m = from[axis - (to.length - from.length)];
    if (m === undefined) continue;
    if (m > 1) index += at * stride;
    stride *= m;
  }
  return index;
}

function pick(v: Value, data: TypedArray, i: number, to: readonly number[]): number {
  const splat = v.def.kind === 'constant' && v.def.splat;
  return Number(data[splat || data.length === 1 ? 0 : broadcastIndex(i, to, v.shape)]);
}

function evaluate(node: Node): Value | undefined {
  const out = node.outputs[0] as Value;
  if (node.outputs.length !== 1 || node.inputs.length === 0) return undefined;
  const inputs = node.inputs as readonly Value[];
  const data = inputs.map((v) => (v ? elements(v) : undefined));
  if (data.some((d) => d === undefined)) return undefined;
  const [a, b] = inputs as [Value, Value];
  const [da, db] = data as [TypedArray, TypedArray];
  const isSplat = (v: Value): boolean => v.def.kind === 'constant' && (v.def.splat || v.def.data.length === 1);
  const constant = (values: ArrayLike<number>, splat: boolean): Value =>
    makeConstant(typedArray(values, out.dtype), out.shape, out.dtype, splat && size(out.shape) !== 1);

  if (node.op === 'Reshape' || node.op === 'Expand') {
    if (isSplat(a)) return makeConstant(da.slice(0, 1), out.shape, out.dtype, size(out.shape) !== 1);
    return node.op === 'Reshape' ? makeConstant(da, out.shape, out.dtype) : undefined;
  }
  const all = inputs.every(isSplat);
  const n = all ? Math.min(1, size(out.shape)) : size(out.shape);
  if (n === 0 || n > MAX_ELEMENTS) return undefined;
  const float = out.dtype === 'float32';
  const unary = (float ? FLOAT_UNARY : UNARY)[node.op];
  if (unary && inputs.length === 1 && isNumber(out.dtype)) {
    return constant(
      Array.from({ length: n }, (_, i) => unary(Number(da[isSplat(a) ? 0 : i]))),
      all,
    );
  }
  if (node.op === 'Cast' && isNumber(out.dtype) && isNumber(a.dtype)) {
    const to = out.dtype === 'float32' ? (x: number) => x : Math.trunc;
    return constant(
      Array.from({ length: n }, (_, i) => to(Number(da[isSplat(a) ? 0 : i]))),
      all,
    );
  }
  const binary = (float ? FLOAT_BINARY : BINARY)[node.op];
  if (binary && inputs.length === 2 && isNumber(out.dtype)) {
    return constant(
      Array.from({ length: n }, (_, i) => binary(pick(a, da, i, out.shape), pick(b, db, i, out.shape))),
      all,
    );
  }
  return undefined;
}

function isNumber(dtype: DType): boolean {
  return dtype !== 'bool';
}

export function foldConstants(graph: Graph): Graph {
  return rewrite(graph, (node) => {
    const value = evaluate(node);
    return value ? [value] : undefined;
  });
}
