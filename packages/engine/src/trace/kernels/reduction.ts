// Kernels that combine elements along axes: sums, extrema, softmax, cumulative sums.
import { cast, op, reduce, scalar, splat, unary } from '../../graph/build.ts';
import { size, type Value } from '../../graph/graph.ts';
import { type Inputs, input, type KernelAttrs, kernel, normalAxes } from './kernel.ts';

function overAxes(inputs: Inputs, attrs: KernelAttrs): { x: Value; axes: number[]; keep: boolean } {
  const x = input(inputs, 'x');
  return { x, axes: normalAxes(attrs.axis ?? attrs.reductionIndices, x.shape.length), keep: attrs.keepDims ?? false };
}

/** `fill` in the place of NaN, which tfjs leaves out when it looks for an extremum's place. */
export function withoutNan(x: Value, fill: number): Value {
  if (x.dtype !== 'float32') return x;
  return op('Where', [unary('IsNaN', x, {}, 'bool'), scalar(fill), x], x);
}

/** NaN where any element is: ONNX Runtime's extrema pass over it, tfjs's do not. */
function passingNan(extremum: Value, x: Value, axes: readonly number[], keep: boolean): Value {
  const anyNan = reduce('ReduceMax', unary('IsNaN', x, {}, 'bool'), axes, keep);
  return op('Where', [anyNan, scalar(Number.NaN), extremum], extremum);
}

function empty(x: Value, axes: readonly number[], keep: boolean, value: number): Value | undefined {
  if (size(x.shape) > 0) return undefined;
  const shape = keep ? x.shape.map((n, i) => (axes.includes(i) ? 1 : n)) : x.shape.filter((_, i) => !axes.includes(i));
  return splat(value, shape, x.dtype);
}

/** Registers the reduction kernels. */
export function registerReduction(): void {
  kernel('Sum', (inputs, attrs) => {
    const { x, axes, keep } = overAxes(inputs, attrs);
    const y = x.dtype === 'bool' ? cast(x, 'int32') : x;
    return empty(y, axes, keep, 0) ?? reduce('ReduceSum', y, axes, keep);
  });
  kernel('Mean', (inputs, attrs) => {
    const { x, axes, keep } = overAxes(inputs, attrs);
    return reduce('ReduceMean', cast(x, 'float32'), axes, keep);
  });
  for (const [name, onnx, start] of [
    ['Prod', 'ReduceProd', 1],
    ['Max', 'ReduceMax', Number.NEGATIVE_INFINITY],
    ['Min', 'ReduceMin', Number.POSITIVE_INFINITY],
  ] as const) {
    kernel(name, (inputs, attrs) => {
      const { x, axes, keep } = overAxes(inputs, attrs);
      const y = x.dtype === 'bool' ? cast(x, 'int32') : x;
      const z = empty(y, axes, keep, start) ?? reduce(onnx, y, axes, keep);
      if (name === 'Prod') return z;
      return x.dtype === 'float32' && size(x.shape) > 0 ? passingNan(z, x, axes, keep) : cast(z, x.dtype);
    });
  }
  for (const [name, onnx] of [
    ['All', 'ReduceMin'],
    ['Any', 'ReduceMax'],
  ] as const) {
    kernel(name, (inputs, attrs) => {
      const { x, axes, keep } = overAxes(inputs, attrs);
      return cast(reduce(onnx, cast(x, 'int32'), axes, keep), 'bool');
    });
  }
  for (const name of ['ArgMax', 'ArgMin']) {
    kernel(name, (inputs, attrs) => {
      const x = input(inputs, 'x');
      const axis = normalAxes(attrs.axis, x.shape.length)[0] ?? 0;
      if (x.shape.length === 0) return splat(0, [], 'int32');
      const shape = x.shape.filter((_, i) => i !== axis);
      const y = x.dtype === 'bool' ? cast(x, 'int32') : withoutNan(x, name === 'ArgMax' ? -Infinity : Infinity);
      return cast(op(name, [y], { shape, dtype: 'int64' }, { axis, keepdims: 0 }), 'int32');
    });
  }
  kernel('Softmax', (inputs, attrs) => softmax('Softmax', cast(input(inputs, 'logits'), 'float32'), attrs.dim ?? -1));
  kernel('LogSoftmax', (inputs, attrs) =>
    softmax('LogSoftmax', cast(input(inputs, 'logits'), 'float32'), attrs.axis ?? -1),
  );
  kernel('Cumsum', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const axis = normalAxes(attrs.axis ?? 0, x.shape.length)[0] ?? 0;
    const flags = { exclusive: attrs.exclusive ? 1 : 0, reverse: attrs.reverse ? 1 : 0 };
    return op('CumSum', [x, scalar(axis, 'int32')], x, flags);
  });
}

/** Softmax or LogSoftmax over any axis. */
function softmax(name: 'Softmax' | 'LogSoftmax', x: Value, dim: number): Value {
  return unary(name, x, { axis: dim < 0 ? dim + x.shape.length : dim });
}
