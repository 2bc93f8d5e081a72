// Constant tables that kernels put into a graph.
import { typedArray } from '../../graph/build.ts';
import { type DType, makeConstant, size, type Value } from '../../graph/graph.ts';

/** A constant with the given elements in row-major order. */
export function constant(values: ArrayLike<number>, shape: readonly number[], dtype: DType): Value {
  if (values.length !== size(shape)) throw new Error(`constant: ${values.length} elements for shape [${shape}]`);
  return makeConstant(typedArray(values, dtype), shape, dtype);
}

/** 0, 1, … n - 1. */
export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
