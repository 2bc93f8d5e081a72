// Sliding windows over the spatial axes of images and volumes: tfjs's description turned into ONNX attributes.
import { transpose } from '../../graph/build.ts';
import type { Attrs, Value } from '../../graph/graph.ts';

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
  /** Zeros put before the input. */
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

/** ONNX attributes of Conv and the pools. What the last window leaves over is ignored by ONNX as by tfjs. */
export function windowAttrs(w: Window): Attrs {
  return {
    kernel_shape: w.kernel,
    strides: w.strides,
    dilations: w.dilations,
    pads: [...w.begin, ...w.end.map((n) => Math.max(0, n))],
  };
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
