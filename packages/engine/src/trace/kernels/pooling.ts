// Maximum and average pooling in 2 and 3 dimensions, and their gradients.
import { backend_util } from '@tensorflow/tfjs-core';
import { add, cast, div, op, ops, reshape, scalar, splat } from '../../graph/build.ts';
import { type Attrs, sameShape, size, type Value } from '../../graph/graph.ts';
import { constant, upTo } from './constant.ts';
import { input, kernel } from './kernel.ts';
import { withoutNan } from './reduction.ts';
import { pad } from './shape.ts';
import { fit, fromChannelsFirst, toChannelsFirst, type Window, window2d, window3d, windowAttrs } from './window.ts';

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];

interface Attrs2D {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: Parameters<typeof backend_util.computePool2DInfo>[4];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

interface Attrs3D {
  readonly filterSize: number | [number, number, number];
  readonly strides: number | [number, number, number];
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly dataFormat?: 'NDHWC' | 'NCDHW';
}

const window4 = (shape: readonly number[], a: Attrs2D): Window =>
  window2d(backend_util.computePool2DInfo(shape as Shape4, a.filterSize, a.strides, 1, a.pad, a.dimRoundingMode));

const window5 = (shape: readonly number[], a: Attrs3D): Window =>
  window3d(
    backend_util.computePool3DInfo(shape as Shape5, a.filterSize, a.strides, 1, a.pad, a.dimRoundingMode, a.dataFormat),
  );

const dims = (win: Window, spatial: readonly number[]): number[] => [win.batch, win.inChannels, ...spatial];

/** Pools in float32, which holds every int32 an image has, and gives the type of `x` back. */
function pool(name: 'MaxPool' | 'AveragePool', x: Value, given: Window): Value {
  // tfjs takes a window of one element for no pooling if the shape stays, whatever the stride and padding.
  if (size(given.kernel) === 1 && sameShape(given.input, given.output)) return x;
  const { win, crop } = fit(given, false);
  const shape = dims(win, win.output);
  const run = (v: Value): Value => {
    const { attrs, image } = padded(v, win, name === 'MaxPool' ? -Infinity : 0);
    return op(name, [image], { shape, dtype: 'float32' }, attrs);
  };
  let y = run(crop(toChannelsFirst(cast(x, 'float32'), win)));
  // Really padded zeros are counted by AveragePool: take the share that is inside out again.
  if (name === 'AveragePool' && needsPadding(win)) {
    const share = run(splat(1, dims(win, win.input), 'float32'));
    y = div(y, op('Max', [share, scalar(1e-30)], share)); // 0 / 0 is to be 0
  }
  return cast(fromChannelsFirst(y, win), x.dtype);
}

/** ONNX Runtime wants padding smaller than the kernel. tfjs allows more; then the input is really padded. */
function padded(x: Value, win: Window, fill: number): { attrs: Attrs; image: Value } {
  const attrs = windowAttrs(win);
  if (!needsPadding(win)) return { attrs, image: x };
  const image = pad(x, [0, 0, ...win.begin], [0, 0, ...win.end], fill);
  return { attrs: { ...attrs, pads: win.begin.flatMap(() => [0, 0]) }, image };
}

function needsPadding(win: Window): boolean {
  return [...win.begin, ...win.end].some((n, i) => n >= (win.kernel[i % win.kernel.length] as number));
}

/**
 * The maxima and where they were, as flat int64 positions in `image` [N, C, ...spatial]. The first of equals counts.
 * ONNX Runtime wants padding smaller than the kernel here too, but tfjs's 'same' and 'valid' never pad more.
 */
function maxWithPositions(image: Value, win: Window): readonly [Value, Value] {
  const shape = dims(win, win.output);
  const sigs = [
    { shape, dtype: 'float32' as const },
    { shape, dtype: 'int64' as const },
  ];
  return ops('MaxPool', [withoutNan(image, -Infinity)], sigs, windowAttrs(win)) as [Value, Value];
}

/** Sends each dy to where the maximum of its window was. */
function maxPoolGrad(dy: Value, x: Value, given: Window): Value {
  const { win, crop, restore } = fit(given, false);
  const shape = dims(win, win.input);
  const n = size(shape);
  const [, positions] = maxWithPositions(crop(toChannelsFirst(cast(x, 'float32'), win)), win);
  const from = toChannelsFirst(cast(dy, 'float32'), win);
  const flat = op(
    'ScatterElements',
    [splat(0, [n], 'float32'), reshape(positions, [size(positions.shape)]), reshape(from, [size(from.shape)])],
    { shape: [n], dtype: 'float32' },
    { axis: 0, reduction: 'add' },
  );
  return fromChannelsFirst(restore(reshape(flat, shape)), win);
}

/**
 * Spreads each dy over its window. tfjs divides by the size of the kernel even where the window hangs over the edge
 * (where its forward pass divides by what is inside), and so does this.
 */
function avgPoolGrad(dy: Value, given: Window): Value {
  const { win, restore } = fit(given, true);
  const c = win.inChannels;
  const kernel = splat(1 / size(win.kernel), [c, 1, ...win.kernel], 'float32');
  const sig = { shape: dims(win, win.input), dtype: 'float32' as const };
  const from = toChannelsFirst(cast(dy, 'float32'), win);
  const dx = op('ConvTranspose', [from, kernel], sig, { ...windowAttrs(win), group: c });
  return fromChannelsFirst(restore(dx), win);
}

/** Position of each maximum as tfjs counts: row by row with the channel last. */
function maxPoolWithArgmax(x: Value, given: Window, includeBatch: boolean): Value[] {
  const { win, crop } = fit(given, false);
  const [values, positions] = maxWithPositions(crop(toChannelsFirst(cast(x, 'float32'), win)), win);
  const [h, w] = win.input as [number, number];
  const [fullH, fullW] = given.input as [number, number];
  const c = win.inChannels;
  const int = (name: string, a: Value, n: number): Value => op(name, [a, scalar(n, 'int64')], a);
  const within = int('Mod', positions, h * w);
  const pixel = w === fullW ? within : add(int('Mul', int('Div', within, w), fullW), int('Mod', within, w));
  let index = add(int('Mul', pixel, c), constant(upTo(c), [1, c, 1, 1], 'int64'));
  if (includeBatch) {
    const batches = upTo(win.batch).map((i) => i * fullH * fullW * c);
    index = add(index, constant(batches, [win.batch, 1, 1, 1], 'int64'));
  }
  return [cast(fromChannelsFirst(values, win), x.dtype), cast(fromChannelsFirst(index, win), 'int32')];
}

/** Registers the pooling kernels. */
export function registerPooling(): void {
  for (const [dim, windowOf] of [
    ['', (x: Value, a: object) => window4(x.shape, a as Attrs2D)],
    ['3D', (x: Value, a: object) => window5(x.shape, a as Attrs3D)],
  ] as const) {
    kernel(`MaxPool${dim}`, (inputs, attrs) =>
      pool('MaxPool', input(inputs, 'x'), windowOf(input(inputs, 'x'), attrs)),
    );
    kernel(`AvgPool${dim}`, (inputs, attrs) =>
      pool('AveragePool', input(inputs, 'x'), windowOf(input(inputs, 'x'), attrs)),
    );
    kernel(`MaxPool${dim}Grad`, (inputs, attrs) => {
      const x = input(inputs, 'input');
      return maxPoolGrad(input(inputs, 'dy'), x, windowOf(x, attrs));
    });
    kernel(`AvgPool${dim}Grad`, (inputs, attrs) =>
      avgPoolGrad(input(inputs, 'dy'), windowOf(input(inputs, 'input'), attrs)),
    );
  }
  kernel('MaxPoolWithArgmax', (inputs, attrs) => {
    const x = input(inputs, 'x');
    return maxPoolWithArgmax(x, window4(x.shape, attrs as Attrs2D), attrs.includeBatchInIndex ?? false);
  });
}
