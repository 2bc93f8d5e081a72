// Convolutions in 2 and 3 dimensions, depthwise ones, and their gradients by input and by filter.
import { backend_util } from '@tensorflow/tfjs-core';
import { cast, op, reshape, transpose } from '../../graph/build.ts';
import type { Value } from '../../graph/graph.ts';
import { upTo } from './constant.ts';
import { input, kernel } from './kernel.ts';
import { slice } from './shape.ts';
import { fit, fromChannelsFirst, toChannelsFirst, type Window, window2d, window3d, windowAttrs } from './window.ts';

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];
type Padding = Parameters<typeof backend_util.computeConv2DInfo>[4];

export interface Attrs2D {
  readonly strides: number | [number, number];
  readonly dilations?: number | [number, number];
  readonly pad: Padding;
  readonly dataFormat?: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

interface Attrs3D {
  readonly strides: number | [number, number, number];
  readonly dilations?: number | [number, number, number];
  readonly pad: 'valid' | 'same';
}

function window4(x: readonly number[], filter: readonly number[], a: Attrs2D, depthwise = false): Window {
  const format = backend_util.convertConv2DDataFormat(a.dataFormat ?? 'NHWC');
  return window2d(
    backend_util.computeConv2DInfo(
      x as Shape4,
      filter as Shape4,
      a.strides,
      a.dilations ?? 1,
      a.pad,
      a.dimRoundingMode,
      depthwise,
      format,
    ),
  );
}

function window5(x: readonly number[], filter: readonly number[], a: Attrs3D): Window {
  return window3d(backend_util.computeConv3DInfo(x as Shape5, filter as Shape5, a.strides, a.dilations ?? 1, a.pad));
}

const float = (x: Value): Value => cast(x, 'float32');

/** [...k, I, O] -> [O, I, ...k], as ONNX wants weights. */
function weights(filter: Value): Value {
  const n = filter.shape.length - 2;
  return transpose(float(filter), [n + 1, n, ...upTo(n)]);
}

/** [...k, C, M] -> [C * M, 1, ...k]: one filter for each output channel of a depthwise convolution. */
function depthwiseWeights(filter: Value): Value {
  const n = filter.shape.length - 2;
  const [c, m] = filter.shape.slice(n) as [number, number];
  return reshape(transpose(float(filter), [n, n + 1, ...upTo(n)]), [c * m, 1, ...filter.shape.slice(0, n)]);
}

function convolve(x: Value, w: Value, given: Window, group: number): Value {
  const { win, crop } = fit(given, false);
  const sig = { shape: [win.batch, win.outChannels, ...win.output], dtype: 'float32' as const };
  const y = op('Conv', [crop(toChannelsFirst(float(x), win)), w], sig, { ...windowAttrs(win), group });
  return fromChannelsFirst(y, win);
}

/** Gradient by the input: the transposed convolution. */
function convolveInput(dy: Value, w: Value, given: Window, group: number): Value {
  const { win, restore } = fit(given, true);
  const all = toChannelsFirst(float(dy), win);
  // a dy larger than the convolution's output (tf.conv2dTranspose takes any) counts only as far as that
  const from = slice(all, upTo(all.shape.length).fill(0), [win.batch, win.outChannels, ...win.output]);
  const sig = { shape: [win.batch, win.inChannels, ...win.input], dtype: 'float32' as const };
  const dx = op('ConvTranspose', [from, w], sig, { ...windowAttrs(win), group });
  return fromChannelsFirst(restore(dx), win);
}

/**
 * Gradient by the filter: the input convolved with dy, where batch and channels change places and so do stride and
 * dilation. A depthwise one has a group for each channel.
 * @returns [...k, I, O], or [...k, C, M] if depthwise
 */
function convolveFilter(x: Value, dy: Value, given: Window, depthwise: boolean): Value {
  const { win, crop } = fit(given, true); // so that the result has exactly the size of the kernel
  const n = win.kernel.length;
  const swap = [1, 0, ...upTo(n).map((i) => i + 2)];
  const rows = transpose(crop(toChannelsFirst(float(x), win)), swap); // [C, N, ...in]
  const dyw = transpose(toChannelsFirst(float(dy), win), swap); // [O, N, ...out]
  const attrs = { ...windowAttrs(win), kernel_shape: win.output, strides: win.dilations, dilations: win.strides };
  const { inChannels: c, outChannels: o, kernel } = win;
  if (!depthwise) {
    const dw = op('Conv', [rows, dyw], { shape: [c, o, ...kernel], dtype: 'float32' }, attrs);
    return transpose(dw, [...upTo(n).map((i) => i + 2), 0, 1]);
  }
  const grouped = reshape(rows, [1, c * win.batch, ...win.input]);
  const dw = op('Conv', [grouped, dyw], { shape: [1, o, ...kernel], dtype: 'float32' }, { ...attrs, group: c });
  return transpose(reshape(dw, [c, o / c, ...kernel]), [...upTo(n).map((i) => i + 2), 0, 1]);
}

/** tf.conv2d's kernel, which its fused form shares. */
export function conv2d(x: Value, filter: Value, attrs: Attrs2D): Value {
  return convolve(x, weights(filter), window4(x.shape, filter.shape, attrs), 1);
}

/** tf.depthwiseConv2d's kernel, which its fused form shares. */
export function depthwiseConv2d(x: Value, filter: Value, attrs: Attrs2D): Value {
  const win = window4(x.shape, filter.shape, attrs, true);
  return convolve(x, depthwiseWeights(filter), win, win.inChannels);
}

/** Registers the convolution kernels. */
export function registerConvolution(): void {
  kernel('Conv2D', (inputs, attrs) => conv2d(input(inputs, 'x'), input(inputs, 'filter'), attrs as Attrs2D));
  kernel('Conv2DBackpropInput', (inputs, attrs) => {
    const filter = input(inputs, 'filter');
    const win = window4(attrs.inputShape, filter.shape, attrs as Attrs2D);
    return convolveInput(input(inputs, 'dy'), weights(filter), win, 1);
  });
  kernel('Conv2DBackpropFilter', (inputs, attrs) => {
    const x = input(inputs, 'x');
    return convolveFilter(x, input(inputs, 'dy'), window4(x.shape, attrs.filterShape, attrs as Attrs2D), false);
  });
  kernel('DepthwiseConv2dNative', (inputs, attrs) =>
    depthwiseConv2d(input(inputs, 'x'), input(inputs, 'filter'), attrs as Attrs2D),
  );
  kernel('DepthwiseConv2dNativeBackpropInput', (inputs, attrs) => {
    const filter = input(inputs, 'filter');
    const win = window4(attrs.inputShape, filter.shape, attrs as Attrs2D, true);
    return convolveInput(input(inputs, 'dy'), depthwiseWeights(filter), win, win.inChannels);
  });
  kernel('DepthwiseConv2dNativeBackpropFilter', (inputs, attrs) => {
    const x = input(inputs, 'x');
    return convolveFilter(x, input(inputs, 'dy'), window4(x.shape, attrs.filterShape, attrs as Attrs2D, true), true);
  });
  kernel('Conv3D', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const filter = input(inputs, 'filter');
    return convolve(x, weights(filter), window5(x.shape, filter.shape, attrs as Attrs3D), 1);
  });
  kernel('Conv3DBackpropInputV2', (inputs, attrs) => {
    const filter = input(inputs, 'filter');
    const win = window5(attrs.inputShape, filter.shape, attrs as Attrs3D);
    return convolveInput(input(inputs, 'dy'), weights(filter), win, 1);
  });
  kernel('Conv3DBackpropFilterV2', (inputs, attrs) => {
    const x = input(inputs, 'x');
    return convolveFilter(x, input(inputs, 'dy'), window5(x.shape, attrs.filterShape, attrs as Attrs3D), false);
  });
}
