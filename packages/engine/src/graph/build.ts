// Short forms for making values: what kernels and passes are written in.
import {
  type Attrs,
  type DType,
  makeConstant,
  makeNode,
  type Sig,
  sameShape,
  size,
  type TypedArray,
  type Value,
} from './graph.ts';

/** One operator call with one output. */
export function op(name: string, inputs: readonly (Value | null)[], sig: Sig, attrs: Attrs = {}): Value {
  return makeNode(name, inputs, [sig], attrs).outputs[0] as Value;
}

/** One operator call with several outputs. */
export function ops(
  name: string,
  inputs: readonly (Value | null)[],
  sigs: readonly Sig[],
  attrs: Attrs = {},
): readonly Value[] {
  return makeNode(name, inputs, sigs, attrs).outputs;
}

export function typedArray(values: ArrayLike<number>, dtype: DType): TypedArray {
  if (dtype === 'float32') return Float32Array.from(values);
  if (dtype === 'int32') return Int32Array.from(values);
  if (dtype === 'bool') return Uint8Array.from(values);
  return BigInt64Array.from(Array.from(values, (x) => BigInt(x)));
}

/** A vector of int64: shapes, axes, indices. */
export function i64(values: readonly number[]): Value {
  return makeConstant(typedArray(values, 'int64'), [values.length], 'int64');
}

/** A rank-0 constant. */
export function scalar(x: number, dtype: DType = 'float32'): Value {
  return makeConstant(typedArray([x], dtype), [], dtype);
}

/** A constant with one number in every place. */
export function splat(x: number, shape: readonly number[], dtype: DType): Value {
  return makeConstant(typedArray([x], dtype), shape, dtype, size(shape) !== 1);
}

/** The common shape of two operands by NumPy's rule. Throws if there is none. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new Error(`shapes [${a}] and [${b}] do not broadcast`);
    return x === 1 ? y : x;
  });
}

/** An element-wise operator on two operands of one type. */
export function binary(name: string, a: Value, b: Value, dtype: DType = a.dtype): Value {
  return op(name, [a, b], { shape: broadcastShape(a.shape, b.shape), dtype });
}

export const add = (a: Value, b: Value): Value => binary('Add', a, b);
export const sub = (a: Value, b: Value): Value => binary('Sub', a, b);
export const mul = (a: Value, b: Value): Value => binary('Mul', a, b);
export const div = (a: Value, b: Value): Value => binary('Div', a, b);

/** An element-wise operator on one operand. */
export function unary(name: string, x: Value, attrs: Attrs = {}, dtype: DType = x.dtype): Value {
  return op(name, [x], { shape: x.shape, dtype }, attrs);
}

const ONNX_TYPE: Record<DType, number> = { float32: 1, int32: 6, int64: 7, bool: 9 };

/** ONNX's number for a type. */
export function onnxType(dtype: DType): number {
  return ONNX_TYPE[dtype];
}

export function cast(x: Value, dtype: DType): Value {
  return x.dtype === dtype ? x : unary('Cast', x, { to: onnxType(dtype) }, dtype);
}

export function reshape(x: Value, shape: readonly number[]): Value {
  return sameShape(x.shape, shape) ? x : op('Reshape', [x, i64(shape)], { shape, dtype: x.dtype }, { allowzero: 1 });
}

export function transpose(x: Value, perm: readonly number[]): Value {
  if (perm.every((p, i) => p === i)) return x;
  return op('Transpose', [x], { shape: perm.map((p) => x.shape[p] as number), dtype: x.dtype }, { perm });
}

/** ReduceSum, ReduceMean, ReduceMax, … over `axes` (non-negative). */
export function reduce(name: string, x: Value, axes: readonly number[], keepDims: boolean): Value {
  if (axes.length === 0) return x;
  const shape = keepDims
    ? x.shape.map((n, i) => (axes.includes(i) ? 1 : n))
    : x.shape.filter((_, i) => !axes.includes(i));
  return op(name, [x, i64(axes)], { shape, dtype: x.dtype }, { keepdims: keepDims ? 1 : 0 });
}

export interface MatMulOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** Factor on the product. */
  readonly alpha?: number;
}

/**
 * Matrix product over the last two axes, batch axes broadcast. One matrix on either side becomes a `Gemm` over all
 * rows; batches become `MatMul`, or `FusedMatMul` when something is transposed or scaled.
 */
export function matMul(a: Value, b: Value, { transA = false, transB = false, alpha = 1 }: MatMulOptions = {}): Value {
  const [am, ak] = a.shape.slice(-2) as [number, number];
  const [bk, bn] = b.shape.slice(-2) as [number, number];
  const m = transA ? ak : am;
  const k = transA ? am : ak;
  const n = transB ? bk : bn;
  const batchA = a.shape.slice(0, -2);
  const batchB = b.shape.slice(0, -2);
  const shape = [...broadcastShape(batchA, batchB), m, n];
  const dtype = a.dtype;
  const rowsA = size(batchA);
  if (dtype === 'float32' && size(batchB) === 1 && (rowsA === 1 || !transA) && size(shape) > 0 && k > 0) {
    const x = rowsA === 1 ? reshape(a, [am, ak]) : reshape(a, [rowsA * m, k]);
    const y = gemm(x, reshape(b, [bk, bn]), { transA: transA && rowsA === 1, transB, alpha });
    return reshape(y, shape);
  }
  if (!transA && !transB && alpha === 1) return op('MatMul', [a, b], { shape, dtype });
  if (dtype !== 'float32') {
    const swap = (v: Value, t: boolean): Value => (t ? transpose(v, swapLast(v.shape.length)) : v);
    return op('MatMul', [swap(a, transA), swap(b, transB)], { shape, dtype });
  }
  const attrs = { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha: { float: alpha } };
  return op('FusedMatMul', [a, b], { shape, dtype }, attrs);
}

function swapLast(rank: number): number[] {
  return Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : rank - 1 - (i - (rank - 2))));
}

/** `alpha * op(a) op(b) + c` on matrices; `c` [m, n] optional. */
export function gemm(
  a: Value,
  b: Value,
  { transA = false, transB = false, alpha = 1 }: MatMulOptions = {},
  c?: Value,
): Value {
  const m = a.shape[transA ? 1 : 0] as number;
  const n = b.shape[transB ? 0 : 1] as number;
  const attrs = { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha: { float: alpha } };
  return op('Gemm', c ? [a, b, c] : [a, b], { shape: [m, n], dtype: 'float32' }, attrs);
}
