// Cropping, rotating, flipping and projecting images: places are computed first, then pixels are read there.
import { backend_util } from '@tensorflow/tfjs-core';
import { add, binary, broadcastShape, cast, div, mul, op, reshape, scalar, sub, unary } from '../../graph/build.ts';
import type { Value } from '../../graph/graph.ts';
import { constant, upTo } from './constant.ts';
import { input, kernel } from './kernel.ts';
import { slice, take } from './shape.ts';

type Images = readonly [number, number, number, number];

const where = (c: Value, a: Value, b: Value): Value =>
  op('Where', [c, a, b], { shape: broadcastShape(c.shape, broadcastShape(a.shape, b.shape)), dtype: a.dtype });
const less = (a: Value, b: Value): Value => binary('Less', a, b, 'bool');
const atMost = (a: Value, b: Value): Value => binary('LessOrEqual', a, b, 'bool');
const and = (a: Value, b: Value): Value => binary('And', a, b, 'bool');
const floor = (x: Value): Value => unary('Floor', x);
const within = (x: Value, last: number): Value => and(atMost(scalar(0), x), atMost(x, scalar(last)));
const clamp = (x: Value, last: number): Value => op('Clip', [x, scalar(0), scalar(last)], x);
/** Halves go up, as in JavaScript. */
const round = (x: Value): Value => floor(add(x, scalar(0.5)));
const truncated = (x: Value): Value => mul(unary('Sign', x), floor(unary('Abs', x)));

/** Pixels as float32 rows, [N h w, C], and the shape they come from. */
interface Pixels {
  readonly rows: Value;
  readonly shape: Images;
}

function pixelsOf(images: Value): Pixels {
  const [n, h, w, c] = images.shape as Images;
  return { rows: reshape(cast(images, 'float32'), [n * h * w, c]), shape: [n, h, w, c] };
}

/** Reads whole-numbered places (clamped into the image): `image`, `y`, `x` broadcast to a shape S; [...S, C]. */
function read({ rows, shape: [n, h, w, c] }: Pixels, image: Value, y: Value, x: Value): Value {
  const start = mul(op('Clip', [image, scalar(0, 'int32'), scalar(n - 1, 'int32')], image), scalar(h * w, 'int32'));
  const place = add(start, cast(add(mul(clamp(y, h - 1), scalar(w)), clamp(x, w - 1)), 'int32'));
  return op('Gather', [rows, place], { shape: [...place.shape, c], dtype: 'float32' }, { axis: 0 });
}

const lastAxis = (x: Value): Value => reshape(x, [...x.shape, 1]);

/** tfjs's rules for places outside an axis of `n` pixels. */
function mapPlace(x: Value, n: number, mode: string): Value {
  if (mode === 'nearest' || (n <= 1 && mode !== 'constant')) return clamp(x, n - 1);
  const below = less(x, scalar(0));
  const above = less(scalar(n - 1), x);
  if (mode === 'wrap') {
    const turns = truncated(div(unary('Abs', x), scalar(n - 1)));
    const up = add(x, mul(scalar(n), add(turns, scalar(1))));
    const down = sub(x, mul(scalar(n), turns));
    return clamp(where(below, up, where(above, down, x)), n - 1);
  }
  if (mode === 'reflect') {
    const period = scalar(2 * n);
    const low = add(x, mul(period, truncated(div(unary('Neg', x), period))));
    const up = where(less(low, scalar(-n)), add(low, period), sub(unary('Neg', low), scalar(1)));
    const high = sub(x, mul(period, truncated(div(x, period))));
    const down = where(atMost(scalar(n), high), sub(period, add(high, scalar(1))), high);
    return clamp(where(below, up, where(above, down, x)), n - 1);
  }
  return x;
}

/** Output pixels as float32 rows and columns, each [1, h w]. */
function grid(h: number, w: number): { y: Value; x: Value } {
  const places = upTo(h * w);
  return {
    y: constant(
      places.map((i) => Math.floor(i / w)),
      [1, h * w],
      'float32',
    ),
    x: constant(
      places.map((i) => i % w),
      [1, h * w],
      'float32',
    ),
  };
}

/** Each output pixel read where a projective transform (8 numbers an image) sends it. */
function transform(images: Value, transforms: Value, attrs: TransformAttrs): Value {
  const pixels = pixelsOf(images);
  const [n, h, w, c] = pixels.shape;
  const [outH, outW] = attrs.outputShape ?? [h, w];
  const to = grid(outH, outW);
  const t = (i: number): Value => slice(transforms, [0, i], [transforms.shape[0] as number, 1]);
  const linear = (i: number): Value => add(mul(t(i), to.x), mul(t(i + 1), to.y));
  const projection = add(linear(6), scalar(1));
  const infinite = binary('Equal', projection, scalar(0), 'bool');
  const by = where(infinite, scalar(1), projection);
  const x = mapPlace(div(add(linear(0), t(2)), by), w, attrs.fillMode);
  const y = mapPlace(div(add(linear(3), t(5)), by), h, attrs.fillMode);
  const fill = scalar(attrs.fillValue);
  const image = constant(upTo(n), [n, 1], 'int32');
  const at = (row: Value, column: Value): Value =>
    where(lastAxis(and(within(row, h - 1), within(column, w - 1))), read(pixels, image, row, column), fill);
  let found: Value;
  if (attrs.interpolation === 'nearest') {
    found = at(round(y), round(x));
  } else {
    const [y0, x0] = [floor(y), floor(x)];
    const [y1, x1] = [add(y0, scalar(1)), add(x0, scalar(1))];
    const mix = (a: Value, b: Value, part: Value): Value => add(a, mul(sub(b, a), lastAxis(part)));
    const right = sub(x, x0);
    found = mix(mix(at(y0, x0), at(y0, x1), right), mix(at(y1, x0), at(y1, x1), right), sub(y, y0));
  }
  return cast(reshape(where(lastAxis(infinite), fill, found), [n, outH, outW, c]), images.dtype);
}

interface TransformAttrs {
  readonly interpolation: 'nearest' | 'bilinear';
  readonly fillMode: 'constant' | 'reflect' | 'wrap' | 'nearest';
  readonly fillValue: number;
  readonly outputShape?: readonly [number, number];
}

interface CropAttrs {
  readonly cropSize: readonly [number, number];
  readonly method: 'bilinear' | 'nearest';
  readonly extrapolationValue: number;
}

/** Boxes (y1, x1, y2, x2 as shares of the image) cut out of the images that `boxInd` names, resized to one size. */
function cropAndResize(images: Value, boxes: Value, boxInd: Value, attrs: CropAttrs): Value {
  const pixels = pixelsOf(images);
  const [batch, h, w] = pixels.shape;
  const n = boxes.shape[0] as number;
  const [outH, outW] = attrs.cropSize;
  const corner = (i: number): Value => slice(boxes, [0, i], [n, 1]);
  /** [n, to]: where output rows (or columns) lie in an axis of `from` pixels. */
  const places = (first: Value, last: Value, from: number, to: number): Value => {
    if (to === 1) return mul(add(first, last), scalar(0.5 * (from - 1)));
    const steps = constant(
      upTo(to).map((i) => (i * (from - 1)) / (to - 1)),
      [1, to],
      'float32',
    );
    return add(mul(first, scalar(from - 1)), mul(sub(last, first), steps));
  };
  const y = reshape(places(corner(0), corner(2), h, outH), [n, outH, 1]);
  const x = reshape(places(corner(1), corner(3), w, outW), [n, 1, outW]);
  const image = reshape(cast(boxInd, 'int32'), [n, 1, 1]);
  let found: Value;
  if (attrs.method === 'nearest') {
    found = read(pixels, image, round(y), round(x));
  } else {
    const at = (row: (v: Value) => Value, column: (v: Value) => Value): Value => read(pixels, image, row(y), column(x));
    const ceil = (v: Value): Value => unary('Ceil', v);
    const mix = (a: Value, b: Value, part: Value): Value => add(a, mul(sub(b, a), lastAxis(part)));
    const right = sub(x, floor(x));
    found = mix(
      mix(at(floor, floor), at(floor, ceil), right),
      mix(at(ceil, floor), at(ceil, ceil), right),
      sub(y, floor(y)),
    );
  }
  const inside = lastAxis(and(within(y, h - 1), within(x, w - 1)));
  const cropped = where(inside, found, scalar(attrs.extrapolationValue));
  return where(lastAxis(less(image, scalar(batch, 'int32'))), cropped, scalar(0)); // a box of no image stays black
}

/** Turned about a point by a fixed angle, so that each pixel's source is known beforehand. */
function rotate(image: Value, radians: number, center: number | [number, number], fillValue: number | number[]): Value {
  const [n, h, w, c] = image.shape as Images;
  const [cx, cy] = backend_util.getImageCenter(center, h, w);
  const [sin, cos] = [Math.sin(radians), Math.cos(radians)];
  const sources = upTo(h * w).map((i) => {
    const dx = (i % w) - cx;
    const dy = Math.floor(i / w) - cy;
    const x = Math.round(dx * cos - dy * sin + cx);
    const y = Math.round(dx * sin + dy * cos + cy);
    return x >= 0 && x < w && y >= 0 && y < h ? y * w + x : -1;
  });
  const turned = take(
    reshape(image, [n, h * w, c]),
    sources.map((s) => Math.max(0, s)),
    1,
  );
  const inside = constant(
    sources.map((s) => (s < 0 ? 0 : 1)),
    [1, h * w, 1],
    'bool',
  );
  // The fourth channel is opacity: full where there is no image.
  const fill = upTo(c).map((i) => (typeof fillValue === 'number' ? fillValue : i === 3 ? 255 : (fillValue[i] ?? 0)));
  return reshape(where(inside, turned, constant(fill, [c], image.dtype)), image.shape);
}

/** Registers the image kernels. */
export function registerImage(): void {
  kernel('FlipLeftRight', (inputs) => {
    const image = input(inputs, 'image');
    return take(image, upTo(image.shape[2] as number).reverse(), 2);
  });
  kernel('RotateWithOffset', (inputs, attrs) =>
    rotate(input(inputs, 'image'), attrs.radians, attrs.center, attrs.fillValue),
  );
  kernel('CropAndResize', (inputs, attrs) =>
    cropAndResize(input(inputs, 'image'), input(inputs, 'boxes'), input(inputs, 'boxInd'), attrs as CropAttrs),
  );
  kernel('Transform', (inputs, attrs) =>
    transform(input(inputs, 'image'), input(inputs, 'transforms'), attrs as TransformAttrs),
  );
}
