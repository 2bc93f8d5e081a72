// Resizing images: nearest neighbour by picking rows and columns, bilinear by two products with sparse tables.
import { cast, matMul, reshape, transpose } from '../../graph/build.ts';
import type { Value } from '../../graph/graph.ts';
import { constant, upTo } from './constant.ts';
import { input, kernel } from './kernel.ts';
import { take } from './shape.ts';

interface ResizeAttrs {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

type Images = readonly [number, number, number, number];

/** Input pixels per output pixel. */
function ratio(from: number, to: number, alignCorners: boolean): number {
  return alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
}

/** The input row each of `to` output rows is taken from. */
function nearestSources(from: number, to: number, { alignCorners, halfPixelCenters }: ResizeAttrs): number[] {
  const step = ratio(from, to, alignCorners);
  return upTo(to).map((i) => {
    const place = step * (halfPixelCenters ? i + 0.5 : i);
    return Math.max(0, Math.min(from - 1, alignCorners ? Math.round(place) : Math.floor(place)));
  });
}

/** [to, from]: how much of each input row is in each output row. */
function nearestTable(from: number, to: number, attrs: ResizeAttrs): Value {
  const table = new Float32Array(to * from);
  nearestSources(from, to, attrs).forEach((source, i) => {
    table[i * from + source] = 1;
  });
  return constant(table, [to, from], 'float32');
}

function bilinearTable(from: number, to: number, { alignCorners, halfPixelCenters }: ResizeAttrs): Value {
  const step = ratio(from, to, alignCorners);
  const table = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const place = halfPixelCenters ? Math.max(0, step * (i + 0.5) - 0.5) : step * i;
    const low = Math.min(from - 1, Math.floor(place));
    const high = Math.min(from - 1, Math.ceil(place));
    const part = place - low;
    table[i * from + low] = (table[i * from + low] as number) + 1 - part;
    table[i * from + high] = (table[i * from + high] as number) + part;
  }
  return constant(table, [to, from], 'float32');
}

/** Rows times one table and columns times the other, [N, h, w, C] -> [N, H, W, C]; backwards with `grad`. */
function apply(x: Value, rows: Value, columns: Value, grad: boolean): Value {
  const [n, h, w, c] = x.shape as Images;
  const options = { transA: grad };
  const newH = rows.shape[grad ? 1 : 0] as number;
  const newW = columns.shape[grad ? 1 : 0] as number;
  const tall = matMul(reshape(rows, [1, ...rows.shape]), reshape(cast(x, 'float32'), [n, h, w * c]), options); // [N, H, w C]
  const columnsLast = transpose(reshape(tall, [n, newH, w, c]), [0, 1, 3, 2]); // [N, H, C, w]
  const wide = matMul(columnsLast, columns, { transB: !grad }); // [N, H, C, W]
  return transpose(reshape(wide, [n, newH, c, newW]), [0, 1, 3, 2]);
}

/** Registers the kernels that resize images. */
export function registerResize(): void {
  kernel('ResizeNearestNeighbor', (inputs, attrs) => {
    const images = input(inputs, 'images');
    const [, h, w] = images.shape as Images;
    const [newH, newW] = attrs.size as [number, number];
    const rows = take(images, nearestSources(h, newH, attrs as ResizeAttrs), 1);
    return take(rows, nearestSources(w, newW, attrs as ResizeAttrs), 2);
  });
  kernel('ResizeBilinear', (inputs, attrs) => {
    const images = input(inputs, 'images');
    const [, h, w] = images.shape as Images;
    const [newH, newW] = attrs.size as [number, number];
    const a = attrs as ResizeAttrs;
    return apply(images, bilinearTable(h, newH, a), bilinearTable(w, newW, a), false);
  });
  // The gradients are the transposed products. (tfjs's own ignore halfPixelCenters; these do not.)
  for (const [name, table] of [
    ['ResizeNearestNeighborGrad', nearestTable],
    ['ResizeBilinearGrad', bilinearTable],
  ] as const) {
    kernel(name, (inputs, attrs) => {
      const dy = input(inputs, 'dy');
      const [, h, w] = input(inputs, 'images').shape as Images;
      const [, newH, newW] = dy.shape as Images;
      return apply(dy, table(h, newH, attrs as ResizeAttrs), table(w, newW, attrs as ResizeAttrs), true);
    });
  }
}
