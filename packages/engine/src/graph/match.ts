// Questions that passes ask about values and nodes.
import { type Node, producer, size, type Value } from './graph.ts';

/** The number that a constant holds in every place, if it is one number. */
export function scalarOf(v: Value | null | undefined): number | undefined {
  if (v?.def.kind !== 'constant') return undefined;
  const { data, splat } = v.def;
  return splat || data.length === 1 ? Number(data[0]) : undefined;
}

/** The integers of an int64 constant, such as axes. */
export function integersOf(v: Value | null | undefined): number[] | undefined {
  return v?.def.kind === 'constant' && v.dtype === 'int64' && !v.def.splat
    ? Array.from(v.def.data as BigInt64Array, Number)
    : undefined;
}

/** The node that makes `v`, if it is of this operator. */
export function made(v: Value | null | undefined, op: string): Node | undefined {
  const node = producer(v);
  return node?.op === op && node.outputs[0] === v ? node : undefined;
}

/** Operators that compute each element from the elements at its place, with NumPy's broadcasting. */
export const ELEMENTWISE: ReadonlySet<string> = new Set([
  ...[
    'Add',
    'Sub',
    'Mul',
    'Div',
    'Pow',
    'Max',
    'Min',
    'Equal',
    'Less',
    'LessOrEqual',
    'Greater',
    'GreaterOrEqual',
    'And',
    'Or',
    'Where',
  ],
  ...[
    'Neg',
    'Exp',
    'Log',
    'Sqrt',
    'Reciprocal',
    'Sigmoid',
    'Tanh',
    'Relu',
    'Abs',
    'Sign',
    'Erf',
    'Cos',
    'Sin',
    'Softplus',
    'QuickGelu',
    'Cast',
    'Not',
  ],
]);

/** How many elements of `v` are in its last axis; 1 for a scalar. */
export function lastAxis(v: Value): number {
  return v.shape[v.shape.length - 1] ?? 1;
}

/** Number of rows when all axes but the last are one. */
export function rowCount(v: Value): number {
  return size(v.shape.slice(0, -1));
}
