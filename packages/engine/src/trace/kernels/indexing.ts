// Kernels that gather and scatter by index tensors: n-dimensional indices, segment sums, counts, sorted search.
import * as tf from '@tensorflow/tfjs-core';
import { cast, op, reduce, reshape, scalar, splat, transpose } from '../../graph/build.ts';
import { size, type Value } from '../../graph/graph.ts';
import { constant, upTo } from './constant.ts';
import { input, kernel, normalAxes } from './kernel.ts';
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
export function registerIndexing(): void {
  kernel('GatherV2', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const indices = input(inputs, 'indices');
    const axis = normalAxes(attrs.axis, x.shape.length)[0] as number;
    const batchDims = (attrs.batchDims as number) ?? 0;
    const ids = cast(indices, 'int32');
    // refuses batch axes that do not fit
    tf.backend_util.segment_util.collectGatherOpShapeInfo(asTensor(x), asTensor(indices), axis, batchDims);
    if (batchDims === 0) {
      const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
      return op('Gather', [x, ids], { shape, dtype: x.dtype }, { axis });
    }
    return batchGather(x, ids, axis, batchDims);
  });
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
    return scatterNd(splat(0, attrs.shape, updates.dtype), input(inputs, 'indices'), updates, 'add');
  });
  kernel('TensorScatterUpdate', (inputs) =>
    scatterNd(input(inputs, 'tensor'), input(inputs, 'indices'), input(inputs, 'updates'), 'none'),
  );
  kernel('SparseToDense', (inputs, attrs) => {
    const values = input(inputs, 'sparseValues');
    const background = broadcastTo(cast(input(inputs, 'defaultValue'), values.dtype), attrs.outputShape);
    return scatterNd(background, input(inputs, 'sparseIndices'), values, 'none');
  });
  kernel('UnsortedSegmentSum', (inputs, attrs) => {
    const given = input(inputs, 'x');
    const x = given.dtype === 'bool' ? cast(given, 'int32') : given;
    const n = attrs.numSegments as number;
    const rest = x.shape.slice(1);
    if (size(x.shape) === 0) return splat(0, [n, ...rest], x.dtype);
    const sums = scatterNd(splat(0, [n + 1, ...rest], x.dtype), overflowed(input(inputs, 'segmentIds'), n), x, 'add');
    return slice(sums, [0, ...rest.map(() => 0)], [n, ...rest]);
  });
  kernel('Bincount', (inputs, attrs) => {
    const x = input(inputs, 'x');
    return reshape(count(reshape(x, [1, size(x.shape)]), input(inputs, 'weights'), attrs.size, false), [attrs.size]);
  });
  kernel('DenseBincount', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const rows = x.shape.length === 1 ? [1, ...x.shape] : x.shape;
    const counts = count(reshape(x, rows), input(inputs, 'weights'), attrs.size, attrs.binaryOutput ?? false);
    return reshape(counts, [...x.shape.slice(0, -1), attrs.size]);
  });
  // The place of a value in a sorted row is the number of elements before it.
  kernel('SearchSorted', (inputs, attrs) => {
    const row = input(inputs, 'sortedSequence');
    const values = input(inputs, 'values');
    const [batch, n] = row.shape as [number, number];
    const m = values.shape[1] as number;
    const before = op(
      attrs.side === 'left' ? 'Less' : 'LessOrEqual',
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

/** Gather with leading axes shared by x and indices: indices are shifted into the flattened leading axes. */
function batchGather(x: Value, indices: Value, axis: number, batchDims: number): Value {
  const batch = x.shape.slice(0, batchDims);
  const b = size(batch);
  const n = x.shape[axis] as number;
  const before = x.shape.slice(batchDims, axis);
  const after = x.shape.slice(axis + 1);
  const inner = indices.shape.slice(batchDims);
  // [b, before, n, after] -> [b, n, before, after], so that one flat axis is gathered
  const moved = transpose(reshape(x, [b, size(before), n, size(after)]), [0, 2, 1, 3]);
  const flat = reshape(moved, [b * n, size(before), size(after)]);
  const offsets = constant(
    upTo(b).map((i) => i * n),
    [b, 1],
    'int32',
  );
  const ids = op('Add', [reshape(indices, [b, size(inner)]), offsets], { shape: [b, size(inner)], dtype: 'int32' });
  const got = op(
    'Gather',
    [flat, ids],
    { shape: [b, size(inner), size(before), size(after)], dtype: x.dtype },
    { axis: 0 },
  );
  return reshape(transpose(got, [0, 2, 1, 3]), [...batch, ...before, ...inner, ...after]);
}
