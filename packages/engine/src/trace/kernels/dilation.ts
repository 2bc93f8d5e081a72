// Grey-scale morphological dilation (the maximum of image plus filter over a window) and its gradients.
import { backend_util } from '@tensorflow/tfjs-core';
import { add, cast, i64, mul, op, reduce, reshape, scalar, splat } from '../../graph/build.ts';
import { size, type Value } from '../../graph/graph.ts';
import { constant, upTo } from './constant.ts';
import { input, kernel } from './kernel.ts';
import { type Window, window2d } from './window.ts';

interface DilationAttrs {
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number;
  readonly dilations: number | [number, number];
}

/** What tfjs gives where a window sees nothing of the image. */
const LOWEST = Number.MIN_SAFE_INTEGER;

function windowOf(x: Value, filter: Value, a: DilationAttrs): Window {
  const info = backend_util.computeDilation2DInfo(
    x.shape as [number, number, number, number],
    filter.shape as [number, number, number],
    a.strides,
    a.pad as 'valid',
    'NHWC',
    a.dilations,
  );
  return window2d(info);
}

/** [N, h, w, C, places]: image plus filter at every place of the filter, for every output. */
function candidates(x: Value, filter: Value, win: Window): Value {
  const [kh, kw] = win.kernel as [number, number];
  const [h, w] = win.input as [number, number];
  const [outH, outW] = win.output as [number, number];
  const [dh, dw] = win.dilations as [number, number];
  const [sh, sw] = win.strides as [number, number];
  const [top, left] = win.begin as [number, number];
  const bottom = Math.max(0, win.end[0] as number);
  const right = Math.max(0, win.end[1] as number);
  const n = win.batch;
  const c = win.inChannels;
  const padded = op('Pad', [cast(x, 'float32'), i64([0, top, left, 0, 0, bottom, right, 0]), scalar(LOWEST)], {
    shape: [n, h + top + bottom, w + left + right, c],
    dtype: 'float32',
  });
  const places = upTo(kh * kw).map((k) => {
    const y = Math.floor(k / kw) * dh;
    const z = (k % kw) * dw;
    const ends = i64([y + (outH - 1) * sh + 1, z + (outW - 1) * sw + 1]);
    const seen = op('Slice', [padded, i64([y, z]), ends, i64([1, 2]), i64([sh, sw])], {
      shape: [n, outH, outW, c],
      dtype: 'float32',
    });
    const weight = op('Slice', [cast(reshape(filter, [kh * kw, c]), 'float32'), i64([k]), i64([k + 1]), i64([0])], {
      shape: [1, c],
      dtype: 'float32',
    });
    return reshape(add(seen, weight), [n, outH, outW, c, 1]);
  });
  return op('Concat', places, { shape: [n, outH, outW, c, kh * kw], dtype: 'float32' }, { axis: 4 });
}

/** [N, h, w, C] int64: the place of the filter where each maximum came from, the first of equals. */
function winners(x: Value, filter: Value, win: Window): Value {
  const all = candidates(x, filter, win);
  return op('ArgMax', [all], { shape: all.shape.slice(0, 4), dtype: 'int64' }, { axis: 4, keepdims: 0 });
}

/** Adds every dy to the flat position that `index` names, in zeros of the given shape. */
function scatter(shape: readonly number[], index: Value, dy: Value): Value {
  const n = size(shape);
  const m = size(dy.shape);
  const flat = op(
    'ScatterElements',
    [splat(0, [n], 'float32'), reshape(index, [m]), reshape(cast(dy, 'float32'), [m])],
    { shape: [n], dtype: 'float32' },
    { axis: 0, reduction: 'add' },
  );
  return reshape(flat, shape);
}

/** Flat input position of each output's window corner; it may lie outside. */
function corners(win: Window): number[] {
  const [h, w] = win.input as [number, number];
  const [outH, outW] = win.output as [number, number];
  const [sh, sw] = win.strides as [number, number];
  const [top, left] = win.begin as [number, number];
  const c = win.inChannels;
  return upTo(win.batch * outH * outW * c).map((i) => {
    const column = Math.floor(i / c) % outW;
    const row = Math.floor(i / (c * outW)) % outH;
    const image = Math.floor(i / (c * outW * outH));
    return ((image * h + row * sh - top) * w + column * sw - left) * c + (i % c);
  });
}

/** Registers the dilation kernels. */
export function registerDilation(): void {
  kernel('Dilation2D', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const filter = input(inputs, 'filter');
    const all = candidates(x, filter, windowOf(x, filter, attrs as DilationAttrs));
    return cast(reduce('ReduceMax', all, [4], false), x.dtype);
  });
  kernel('Dilation2DBackpropFilter', (inputs, attrs) => {
    const [x, filter, dy] = [input(inputs, 'x'), input(inputs, 'filter'), input(inputs, 'dy')];
    const win = windowOf(x, filter, attrs as DilationAttrs);
    const c = win.inChannels;
    const place = mul(winners(x, filter, win), scalar(c, 'int64'));
    return scatter(filter.shape, add(place, constant(upTo(c), [c], 'int64')), dy);
  });
  kernel('Dilation2DBackpropInput', (inputs, attrs) => {
    const [x, filter, dy] = [input(inputs, 'x'), input(inputs, 'filter'), input(inputs, 'dy')];
    const win = windowOf(x, filter, attrs as DilationAttrs);
    const [kh, kw] = win.kernel as [number, number];
    const [dh, dw] = win.dilations as [number, number];
    const w = win.input[1] as number;
    const steps = upTo(kh * kw).map((k) => (Math.floor(k / kw) * dh * w + (k % kw) * dw) * win.inChannels);
    const step = op('Gather', [i64(steps), winners(x, filter, win)], { shape: dy.shape, dtype: 'int64' });
    return scatter(x.shape, add(step, constant(corners(win), dy.shape, 'int64')), dy);
  });
}
