// Kernels that make tensors out of numbers and sizes: fill, ranges, one-hot rows, diagonals.
import { cast, op, reshape, scalar, splat } from '../../graph/build.ts';
import { type DType, size, type Value } from '../../graph/graph.ts';
import { constant, upTo } from './constant.ts';
import { input, kernel, UnsupportedKernelError } from './kernel.ts';
import { pad } from './shape.ts';

function linspace(start: number, step: number, n: number, dtype: DType): Value {
  return constant(
    upTo(n).map((i) => start + i * step),
    [n],
    dtype,
  );
}

/** Registers the kernels that make tensors. */
export function registerCreation(): void {
  kernel('Fill', (_, attrs) => {
    const dtype = (attrs.dtype ?? 'float32') as DType;
    if (typeof attrs.value === 'string') throw new UnsupportedKernelError('Fill', 'string tensors');
    return splat(Number(attrs.value), attrs.shape, dtype);
  });
  kernel('Range', (_, attrs) => {
    const { start, stop, step } = attrs as { start: number; stop: number; step: number };
    // the default step also counts down
    const by = stop < start && step === 1 ? -1 : step;
    const n = Math.max(0, Math.ceil((stop - start) / by));
    return linspace(start, by, n, (attrs.dtype ?? 'float32') as DType);
  });
  kernel('LinSpace', (_, attrs) => {
    const { start, stop, num } = attrs as { start: number; stop: number; num: number };
    return linspace(start, num > 1 ? (stop - start) / (num - 1) : 0, num, 'float32');
  });
  kernel('OneHot', (inputs, attrs) => {
    const given = input(inputs, 'indices');
    const indices = reshape(given, given.shape.length === 0 ? [1] : given.shape); // ONNX wants a vector at least
    const depth = attrs.depth as number;
    const dtype = (attrs.dtype ?? 'int32') as DType;
    const inner: DType = 'float32'; // ONNX Runtime one-hots int64 indices into floats
    const values = constant([attrs.offValue ?? 0, attrs.onValue ?? 1], [2], inner);
    // ONNX counts negative indices from the end; tfjs lets them match nothing
    const ids = op(
      'Where',
      [
        op('Less', [indices, scalar(0, 'int32')], { shape: indices.shape, dtype: 'bool' }),
        scalar(depth, 'int32'),
        indices,
      ],
      indices,
    );
    const y = op(
      'OneHot',
      [cast(ids, 'int64'), constant([depth], [1], 'int64'), values],
      { shape: [...indices.shape, depth], dtype: inner },
      { axis: -1 },
    );
    return reshape(cast(y, dtype), [...given.shape, depth]);
  });
  kernel('Diag', (inputs) => {
    const x = input(inputs, 'x');
    const n = size(x.shape);
    const numbers = x.dtype === 'bool' ? cast(x, 'int32') : x;
    const eye = constant(
      upTo(n * n).map((i) => (i % (n + 1) === 0 ? 1 : 0)),
      [n, n],
      'bool',
    );
    const y = op('Where', [eye, reshape(numbers, [1, n]), scalar(0, numbers.dtype)], {
      shape: [n, n],
      dtype: numbers.dtype,
    });
    return reshape(cast(y, x.dtype), [...x.shape, ...x.shape]);
  });
  // A shape against a shape: where one says 1 the other decides.
  kernel('BroadcastArgs', (inputs) => {
    const all = [input(inputs, 's0'), input(inputs, 's1')];
    const rank = Math.max(...all.map((s) => size(s.shape)));
    const [a, b] = all.map((s) => pad(s, [rank - size(s.shape)], [0], 1)) as [Value, Value];
    const one = op('Equal', [a, scalar(1, 'int32')], { shape: [rank], dtype: 'bool' });
    return op('Where', [one, b, a], { shape: [rank], dtype: 'int32' });
  });
}
