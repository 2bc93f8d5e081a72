// Lines that points are compared to: a level such as chance, or a line through the origin such as bits a parameter; named where there is room.
import {
  type Box,
  boxOf,
  crosses,
  fits,
  overlap,
  type Plot,
  type Segment,
  type Side,
  type Spot,
  textWidth,
} from './placeNames.ts';

/** What an axis shows. */
export interface Scale {
  readonly domain: readonly [number, number];
  readonly log: boolean;
}

interface Value {
  readonly x: number;
  readonly y: number;
}

/** A line cut to the plot. */
export interface Guide {
  readonly name: string;
  readonly values: readonly Value[];
}

/** Pieces that a line is drawn in. */
const STEPS = 24;

/** `y = at` over the whole width. */
export function levelGuide({ at, name }: { readonly at: number; readonly name: string }, x: Scale): Guide {
  return { name, values: x.domain.map((x) => ({ x, y: at })) };
}

/** `y = slope * x` as far as it lies in the plot; undefined where it does not. */
export function slopeGuide(
  { slope, name }: { readonly slope: number; readonly name: string },
  x: Scale,
  y: Scale,
): Guide | undefined {
  const lo = Math.max(x.domain[0], y.domain[0] / slope);
  const hi = Math.min(x.domain[1], y.domain[1] / slope);
  if (!(lo < hi)) return undefined;
  // bent where one axis is logarithmic and the other is not
  const values = Array.from({ length: STEPS + 1 }, (_, i) => {
    const at = x.log ? lo * (hi / lo) ** (i / STEPS) : lo + ((hi - lo) * i) / STEPS;
    return { x: at, y: slope * at };
  });
  return { name, values };
}

/** Above a line that rises or lies level, and below it. */
const besides: readonly Side[] = [
  { align: 'right', baseline: 'bottom', dx: 0, dy: -0.3 },
  { align: 'left', baseline: 'top', dx: 0.3, dy: 0.2 },
  { align: 'right', baseline: 'top', dx: 0, dy: 0.3 },
  { align: 'left', baseline: 'bottom', dx: 0, dy: -0.3 },
];

/** Where a line's name stands: beside one of its points. */
export interface GuideName extends Value {
  readonly name: string;
  readonly side: Side;
  readonly box: Box;
}

/**
 * A place for a line's name, as near to its end as is free of points and lines; above the end where there is none.
 * @param at where a value lies in the plot, in font sizes
 */
export function nameGuide(
  { name, values }: Guide,
  plot: Plot,
  at: (value: Value) => Spot,
  { lines, boxes }: { readonly lines: readonly Segment[]; readonly boxes: readonly Box[] },
): GuideName | undefined {
  const width = textWidth(name);
  const candidates = [...values].reverse().flatMap((value) => {
    return besides.map((side): GuideName => ({ ...value, name, side, box: boxOf(at(value), width, side) }));
  });
  const free = candidates.find(
    ({ box }) => fits(box, plot) && boxes.every((b) => !overlap(b, box)) && lines.every((line) => !crosses(line, box)),
  );
  return free ?? candidates[0];
}

/** A guide's pieces in the plot. */
export function segmentsOf({ values }: Guide, at: (value: Value) => Spot): Segment[] {
  return values.slice(1).map((value, i): Segment => [at(values[i] ?? value), at(value)]);
}
