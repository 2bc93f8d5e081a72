// Kernels that gather and scatter by index tensors: n-dimensional indices, segment sums, counts, sorted search.
import * as tf from '@tensorflow/tfjs-core';
import { cast, op, reduce, reshape, scalar, splat } from '../../graph/build.ts';
import { size, type Value } from '../../graph/graph.ts';
import { input, kernel } from './kernel.ts';
import { broadcastTo, slice } from './shape.ts';

/** `indices` as int64 rows of as many coordinates as ONNX expects: [n, depth]. tfjs lets a vector mean depth 1. */
function indexRows(indices: Value): { rows: Value; n: number; depth: number } {
  const depth = indices.shape.length > 1 ? (indices.shape.at(-1) as number) : 1;
  const n = size(indices.shape) / Math.max(1, depth);
  return { rows: cast(reshape(indices, [n, depth]), 'int64'), n, depth };
}

/** `data` with `updates` written, or added, at the places that the rows of `indices` name. */
function scatterNd(data: Value, indices: Value, updates: Value, reduction: 'none' | 'add'): Value {
  const { rows, n, depth } = indexRows(indices);
  const rest = data.shape.slice(depth);
  if (size(data.shape) === 0 || n === 0) return data;
  const whole =
    size(updates.shape) === 1 ? broadcastTo(reshape(updates, []), [n, ...rest]) : reshape(updates, [n, ...rest]);
  return op('ScatterND', [data, rows, cast(whole, data.dtype)], data, { reduction });
}

/** Indices outside 0 … n - 1 become n: they land in an extra place that is cut off afterwards. */
function overflowed(ids: Value, n: number): Value {
  const last = scalar(n, 'int32');
  const sig = { shape: ids.shape, dtype: 'bool' as const };
  const outside = op('Or', [op('Less', [ids, scalar(0, 'int32')], sig), op('GreaterOrEqual', [ids, last], sig)], sig);
  return op('Where', [outside, last, ids], ids);
}

/** How often, or with what weight, each number 0 … n - 1 stands in each row: [rows, columns] -> [rows, n]. */
function count(x: Value, weights: Value, n: number, binary: boolean): Value {
  const [rows, columns] = x.shape as [number, number];
  const dtype = weights.dtype;
  const weighted = size(weights.shape) > 0 && !binary;
  const amounts = weighted ? reshape(weights, x.shape) : splat(1, x.shape, dtype);
  const bins = splat(0, [rows, n + 1], dtype);
  if (columns === 0) return splat(0, [rows, n], dtype);
  const attrs = { axis: 1, reduction: binary ? 'none' : 'add' };
  const filled = op('ScatterElements', [bins, overflowed(cast(x, 'int32'), n), amounts], bins, attrs);
  return slice(filled, [0, 0], [rows, n]);
}

/** Registers the kernels that work by index tensors. */
export function registerScatter(): void {
  kernel('GatherNd', (inputs) => {
    const params = input(inputs, 'params');
    const indices = input(inputs, 'indices');
    const [shape] = tf.gather_util.prepareAndValidate(asTensor(params), asTensor(indices));
    if (size(shape) === 0) return splat(0, shape, params.dtype);
    const { rows, n, depth } = indexRows(indices);
    const rest = params.shape.slice(depth);
    return reshape(op('GatherND', [params, rows], { shape: [n, ...rest], dtype: params.dtype }), shape);
  });
  kernel('ScatterNd', (inputs, attrs) => {
    const updates = input(inputs, 'updates');
    return scatterNd(splat(0, attrs['shape'], updates.dtype), input(inputs, 'indices'), updates, 'add');
  });
  kernel('TensorScatterUpdate', (inputs) =>
    scatterNd(input(inputs, 'tensor'), input(inputs, 'indices'), input(inputs, 'updates'), 'none'),
  );
  kernel('SparseToDense', (inputs, attrs) => {
    const values = input(inputs, 'sparseValues');
    const background = broadcastTo(cast(input(inputs, 'defaultValue'), values.dtype), attrs['outputShape']);
    return scatterNd(background, input(inputs, 'sparseIndices'), values, 'none');
  });
  kernel('UnsortedSegmentSum', (inputs, attrs) => {
    const given = input(inputs, 'x');
    const x = given.dtype === 'bool' ? cast(given, 'int32') : given;
    const n = attrs['numSegments'] as number;
    const rest = x.shape.slice(1);
    if (size(x.shape) === 0) return splat(0, [n, ...rest], x.dtype);
    const sums = scatterNd(splat(0, [n + 1, ...rest], x.dtype), overflowed(input(inputs, 'segmentIds'), n), x, 'add');
    return slice(sums, [0, ...rest.map(() => 0)], [n, ...rest]);
  });
  kernel('Bincount', (inputs, attrs) => {
    const x = input(inputs, 'x');
    return reshape(count(reshape(x, [1, size(x.shape)]), input(inputs, 'weights'), attrs['size'], false), [
      attrs['size'],
    ]);
  });
  kernel('DenseBincount', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const rows = x.shape.length === 1 ? [1, ...x.shape] : x.shape;
    const counts = count(reshape(x, rows), input(inputs, 'weights'), attrs['size'], attrs['binaryOutput'] ?? false);
    return reshape(counts, [...x.shape.slice(0, -1), attrs['size']]);
  });
  // The place of a value in a sorted row is the number of elements before it.
  kernel('SearchSorted', (inputs, attrs) => {
    const row = input(inputs, 'sortedSequence');
    const values = input(inputs, 'values');
    const [batch, n] = row.shape as [number, number];
    const m = values.shape[1] as number;
    const before = op(
      attrs['side'] === 'left' ? 'Less' : 'LessOrEqual',
      [reshape(row, [batch, 1, n]), reshape(values, [batch, m, 1])],
      { shape: [batch, m, n], dtype: 'bool' },
    );
    return reduce('ReduceSum', cast(before, 'int32'), [2], false);
  });
}

/** What tfjs's shape helpers read of a tensor. */
function asTensor(v: Value): tf.Tensor {
  return { shape: [...v.shape], rank: v.shape.length, dtype: v.dtype, size: size(v.shape) } as unknown as tf.Tensor;
}
