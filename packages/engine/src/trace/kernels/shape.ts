// Kernels that move elements without computing: reshape, transpose, concat, slice, pad, tile, gather and their kin.
import * as tf from '@tensorflow/tfjs-core';
import { cast, i64, op, ops, reshape, scalar, splat, transpose } from '../../graph/build.ts';
import { size, type Value } from '../../graph/graph.ts';
import { input, kernel, normalAxes } from './kernel.ts';

/** Pad wants numbers; bool travels as int32. */
function viaInt(x: Value, f: (x: Value) => Value): Value {
  return x.dtype === 'bool' ? cast(f(cast(x, 'int32')), 'bool') : f(x);
}

function concat(xs: readonly Value[], axis: number): Value {
  const first = xs[0] as Value;
  if (xs.length === 1) return first;
  return op('Concat', xs, { shape: concatShape(xs, axis), dtype: first.dtype }, { axis });
}

function concatShape(xs: readonly Value[], axis: number): number[] {
  const total = xs.reduce((n, x) => n + (x.shape[axis] as number), 0);
  return (xs[0] as Value).shape.map((n, i) => (i === axis ? total : n));
}

export function slice(x: Value, begin: readonly number[], sizes: readonly number[]): Value {
  const axes = begin.map((_, i) => i).filter((i) => begin[i] !== 0 || sizes[i] !== x.shape[i]);
  if (axes.length === 0) return x;
  const starts = axes.map((i) => begin[i] as number);
  const ends = axes.map((i) => (begin[i] as number) + (sizes[i] as number));
  return op('Slice', [x, i64(starts), i64(ends), i64(axes)], { shape: sizes, dtype: x.dtype });
}

export function pad(x: Value, before: readonly number[], after: readonly number[], value: number): Value {
  if (before.every((n) => n === 0) && after.every((n) => n === 0)) return x;
  const shape = x.shape.map((n, i) => n + (before[i] as number) + (after[i] as number));
  return viaInt(x, (y) =>
    op('Pad', [y, i64([...before, ...after]), scalar(value, y.dtype)], { shape, dtype: y.dtype }, { mode: 'constant' }),
  );
}

/** Registers the shape kernels. */
export function registerShape(): void {
  kernel('Reshape', (inputs, attrs) => {
    const x = input(inputs, 'x');
    return reshape(x, tf.util.inferFromImplicitShape(attrs.shape, size(x.shape)));
  });
  kernel('ExpandDims', (inputs, attrs) => {
    const x = input(inputs, 'input');
    const shape = [...x.shape];
    const dim = attrs.dim as number;
    tf.util.assert(
      -(shape.length + 1) <= dim && dim <= shape.length,
      () => `expandDims: axis must be in [${-(shape.length + 1)}, ${shape.length}] (got ${dim})`,
    );
    shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1);
    return reshape(x, shape);
  });
  kernel('Transpose', (inputs, attrs) => transpose(input(inputs, 'x'), attrs.perm));
  kernel('Concat', (inputs, attrs) => {
    const all = Object.values(inputs);
    const axis = normalAxes(attrs.axis, all[0]?.shape.length ?? 1)[0] as number;
    tf.backend_util.assertParamsConsistent(
      all.map((x) => [...x.shape]),
      axis,
    );
    const xs = all.filter((x) => size(x.shape) > 0);
    return xs.length > 0 ? concat(xs, axis) : splat(0, concatShape(all, axis), all[0]?.dtype ?? 'float32');
  });
  kernel('Pack', (inputs, attrs) => {
    const xs = Object.values(inputs);
    for (const x of xs) {
      tf.util.assertShapesMatch(
        [...x.shape],
        [...(xs[0] as Value).shape],
        'All tensors passed to stack must have matching shapes',
      );
      tf.util.assert(x.dtype === xs[0]?.dtype, () => 'All tensors passed to stack must have matching dtypes');
    }
    const rank = (xs[0] as Value).shape.length + 1;
    const axis = normalAxes(attrs.axis, rank)[0] as number;
    return concat(
      xs.map((x) => reshape(x, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)])),
      axis,
    );
  });
  kernel('SplitV', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const axis = normalAxes(attrs.axis, x.shape.length)[0] as number;
    const sizes = tf.backend_util.prepareSplitSize({ shape: [...x.shape] } as tf.Tensor, attrs.numOrSizeSplits, axis);
    if (sizes.length === 1) return [x];
    const sigs = sizes.map((n) => ({ shape: x.shape.map((m, i) => (i === axis ? n : m)), dtype: x.dtype }));
    return ops('Split', [x, i64(sizes)], sigs, { axis });
  });
  kernel('Unpack', (inputs, attrs) => {
    const x = input(inputs, 'value');
    const axis = normalAxes(attrs.axis, x.shape.length)[0] as number;
    const n = x.shape[axis] as number;
    const shape = x.shape.filter((_, i) => i !== axis);
    if (n === 1) return [reshape(x, shape)];
    const sig = { shape: x.shape.map((m, i) => (i === axis ? 1 : m)), dtype: x.dtype };
    const parts = ops('Split', [x, i64(Array(n).fill(1))], Array(n).fill(sig), { axis });
    return parts.map((p) => reshape(p, shape));
  });
  kernel('Slice', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const [begin, sizes] = tf.slice_util.parseSliceParams(
      { shape: [...x.shape] } as tf.Tensor,
      attrs.begin,
      attrs.size,
    ) as [number[], number[]];
    tf.slice_util.assertParamsValid({ shape: [...x.shape], rank: x.shape.length } as tf.Tensor, begin, sizes);
    return slice(x, begin, sizes);
  });
  kernel('StridedSlice', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attrs;
    const info = tf.slice_util.sliceInfo(
      [...x.shape],
      begin,
      end,
      strides,
      beginMask,
      endMask,
      ellipsisMask,
      newAxisMask,
      shrinkAxisMask,
    );
    if (info.isIdentity) return reshape(x, info.finalShape);
    if (size(info.finalShape) === 0) return splat(0, info.finalShape, x.dtype);
    const axes = info.begin.map((_, i) => i);
    // going backwards past the first element is written as a very negative end
    const ends = info.end.map((e, i) => ((info.strides[i] as number) < 0 && e < 0 ? -1e9 : e));
    const shape = tf.slice_util.computeOutShape(info.begin, info.end, info.strides);
    const y = op('Slice', [x, i64(info.begin), i64(ends), i64(axes), i64(info.strides)], { shape, dtype: x.dtype });
    return reshape(y, info.finalShape);
  });
  kernel('PadV2', (inputs, attrs) => {
    const paddings = attrs.paddings as [number, number][];
    return pad(
      input(inputs, 'x'),
      paddings.map((p) => p[0]),
      paddings.map((p) => p[1]),
      attrs.constantValue ?? 0,
    );
  });
  kernel('MirrorPad', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const paddings = attrs.paddings as [number, number][];
    const indices = (n: number, [lo, hi]: [number, number]): number[] => {
      const offset = attrs.mode === 'reflect' ? 0 : 1;
      return Array.from({ length: n + lo + hi }, (_, i) => {
        const j = i - lo;
        return j < 0 ? -j - offset : j >= n ? 2 * (n - 1) - j + offset : j;
      });
    };
    return paddings.reduce(
      (y, p, axis) => (p[0] + p[1] === 0 ? y : take(y, indices(x.shape[axis] as number, p), axis)),
      x,
    );
  });
  kernel('Tile', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const reps = attrs.reps as number[];
    const shape = x.shape.map((n, i) => n * (reps[i] as number));
    if (size(shape) === 0) return splat(0, shape, x.dtype);
    return reps.every((r) => r === 1) ? x : op('Tile', [x, i64(reps)], { shape, dtype: x.dtype });
  });
  kernel('BroadcastTo', (inputs, attrs) => broadcastTo(input(inputs, 'x'), attrs.shape));
  kernel('Reverse', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const axes = tf.util.parseAxisParam(attrs.dims, [...x.shape]);
    if (axes.length === 0 || x.shape.length === 0) return x;
    const steps = axes.map(() => -1);
    return op('Slice', [x, i64(steps), i64(axes.map(() => -1e9)), i64(axes), i64(steps)], x);
  });
}

/** Rows of `x` along `axis` by fixed indices. */
export function take(x: Value, indices: readonly number[], axis: number): Value {
  const shape = x.shape.map((n, i) => (i === axis ? indices.length : n));
  return op('Gather', [x, i64(indices)], { shape, dtype: x.dtype }, { axis });
}

export function broadcastTo(x: Value, shape: readonly number[]): Value {
  if (size(shape) === 0) return splat(0, shape, x.dtype);
  return op('Expand', [x, i64(shape)], { shape, dtype: x.dtype });
}
