// Sliding windows over the spatial axes of images and volumes: tfjs's description turned into ONNX attributes.
import { transpose } from '../../graph/build.ts';
import type { Attrs, Value } from '../../graph/graph.ts';
import { pad, slice } from './shape.ts';

/** Where a kernel of size `kernel` is laid on an input, for 2 or 3 spatial axes. */
export interface Window {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Spatial sizes, one number an axis. */
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros put before the input; negative if that many elements are skipped. */
  readonly begin: readonly number[];
  /** Zeros the last window needs behind the input; negative if it ends before the input does. */
  readonly end: readonly number[];
  readonly channelsFirst: boolean;
}

/** The fields of tfjs's Conv2DInfo that are needed here. */
interface Info2D {
  readonly batchSize: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly dataFormat: string;
  readonly padInfo: { readonly top: number; readonly left: number };
}

/** The further fields of Conv3DInfo. */
interface Info3D extends Info2D {
  readonly inDepth: number;
  readonly outDepth: number;
  readonly filterDepth: number;
  readonly strideDepth: number;
  readonly dilationDepth: number;
  readonly padInfo: { readonly front: number; readonly top: number; readonly left: number };
}

function makeWindow(
  info: Info2D,
  axes: Omit<Window, 'batch' | 'inChannels' | 'outChannels' | 'end' | 'channelsFirst'>,
): Window {
  return {
    ...axes,
    batch: info.batchSize,
    inChannels: info.inChannels,
    outChannels: info.outChannels,
    end: axes.input.map(
      (n, i) =>
        ((axes.output[i] as number) - 1) * (axes.strides[i] as number) +
        extent(axes, i) -
        n -
        (axes.begin[i] as number),
    ),
    channelsFirst: info.dataFormat === 'channelsFirst',
  };
}

/** Input elements one window spans along an axis, dilation included. */
function extent(w: Pick<Window, 'kernel' | 'dilations'>, axis: number): number {
  return ((w.kernel[axis] as number) - 1) * (w.dilations[axis] as number) + 1;
}

export function window2d(info: Info2D): Window {
  return makeWindow(info, {
    input: [info.inHeight, info.inWidth],
    output: [info.outHeight, info.outWidth],
    kernel: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    begin: [info.padInfo.top, info.padInfo.left],
  });
}

export function window3d(info: Info3D): Window {
  return makeWindow(info, {
    input: [info.inDepth, info.inHeight, info.inWidth],
    output: [info.outDepth, info.outHeight, info.outWidth],
    kernel: [info.filterDepth, info.filterHeight, info.filterWidth],
    strides: [info.strideDepth, info.strideHeight, info.strideWidth],
    dilations: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
    begin: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
  });
}

/** A window whose padding is not negative, laid on the part of the input that it reaches. */
export interface Fit {
  readonly win: Window;
  /** [N, C, ...spatial]: that part. */
  crop(x: Value): Value;
  /** The inverse, with zeros where nothing was reached. */
  restore(x: Value): Value;
}

/**
 * ONNX has no negative padding, which tfjs arrives at when a stride jumps over part of the input. A rest shorter than
 * a stride does no harm to the forward pass and is cut off only if `exact`.
 */
export function fit(win: Window, exact: boolean): Fit {
  const before = win.begin.map((n) => Math.max(0, -n));
  const rest = win.end.map((n) => Math.max(0, -n));
  const harmless = !exact && rest.every((n, i) => n < (win.strides[i] as number));
  const after = harmless ? rest.map(() => 0) : rest;
  const input = win.input.map((n, i) => n - (before[i] as number) - (after[i] as number));
  const notNegative = (n: number): number => Math.max(0, n);
  return {
    win: { ...win, input, begin: win.begin.map(notNegative), end: win.end.map(notNegative) },
    crop: (x) => slice(x, [0, 0, ...before], [...x.shape.slice(0, 2), ...input]),
    restore: (x) => pad(x, [0, 0, ...before], [0, 0, ...after], 0),
  };
}

/** ONNX attributes of Conv and the pools, for a window that fits. */
export function windowAttrs(w: Window): Attrs {
  return { kernel_shape: w.kernel, strides: w.strides, dilations: w.dilations, pads: [...w.begin, ...w.end] };
}

/** [N, ...spatial, C] -> [N, C, ...spatial]; nothing if the channels already come first. */
export function toChannelsFirst(x: Value, w: Window): Value {
  if (w.channelsFirst) return x;
  const rank = x.shape.length;
  return transpose(x, [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)]);
}

/** The inverse of `toChannelsFirst`. */
export function fromChannelsFirst(x: Value, w: Window): Value {
  if (w.channelsFirst) return x;
  const rank = x.shape.length;
  return transpose(x, [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1]);
}
