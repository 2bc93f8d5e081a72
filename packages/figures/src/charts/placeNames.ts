// Where names can stand beside their points without covering anything: measured, tried in a fixed order, else left out.
import { loadFonts } from '../fonts.ts';
import { FONT, labelSize } from '../theme.ts';

/** A place in a plot; lengths are in font sizes, y grows downwards. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** A point that wants its name beside it. */
export interface NamedSpot extends Spot {
  readonly name: string;
}

/** A line that names keep off. */
export type Segment = readonly [from: Spot, to: Spot];

export interface Box {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

/** A side of a point: Vega's words for where the text begins, and its distance in about a font size. */
export interface Side {
  readonly align: 'left' | 'right' | 'center';
  readonly baseline: 'middle' | 'top' | 'bottom';
  readonly dx: number;
  readonly dy: number;
}

export interface Plot {
  readonly width: number;
  readonly height: number;
  /** Of the points. */
  readonly radius: number;
}

/** In the order in which they are tried. */
export const sides: readonly Side[] = [
  { align: 'left', baseline: 'middle', dx: 0.6, dy: 0 },
  { align: 'right', baseline: 'middle', dx: -0.6, dy: 0 },
  { align: 'center', baseline: 'bottom', dx: 0, dy: -0.5 },
  { align: 'center', baseline: 'top', dx: 0, dy: 0.5 },
  { align: 'left', baseline: 'bottom', dx: 0.35, dy: -0.25 },
  { align: 'left', baseline: 'top', dx: 0.35, dy: 0.25 },
  { align: 'right', baseline: 'bottom', dx: -0.35, dy: -0.25 },
  { align: 'right', baseline: 'top', dx: -0.35, dy: 0.25 },
];

/** Height of a line of text, with a little air. */
const LINE = 1.15;

/** Distances are of a font size between that of paper and that of screen, which gets the same numbers. */
const PX = 10;

/**
 * A side for each point, in the order of the points: the first that keeps the name inside the plot and off all points, lines and
 * names before it; undefined where there is none.
 * @param order indices of the points, those first whose names matter most
 */
export function placeNames(
  spots: readonly NamedSpot[],
  plot: Plot,
  {
    lines,
    boxes,
    order,
  }: { readonly lines: readonly Segment[]; readonly boxes: readonly Box[]; readonly order: readonly number[] },
): (Side | undefined)[] {
  const taken = [...boxes, ...spots.map((spot) => around(spot, plot.radius))];
  const placed = spots.map((): Side | undefined => undefined);
  for (const i of order) {
    const spot = spots[i];
    if (!spot) continue;
    const width = textWidth(spot.name);
    const own = taken[boxes.length + i];
    const side = sides.find((s) => {
      const box = boxOf(spot, width, s);
      return (
        fits(box, plot) &&
        taken.every((other) => other === own || !overlap(box, other)) &&
        lines.every((line) => !crosses(line, box))
      );
    });
    if (!side) continue;
    placed[i] = side;
    taken.push(boxOf(spot, width, side));
  }
  return placed;
}

/** Width of a text in font sizes. */
export function textWidth(text: string): number {
  return loadFonts().measure(text, `400 100px ${FONT}`) / 100;
}

/** What a text of this width covers on that side of a point, on paper and on screen. */
export function boxOf({ x, y }: Spot, width: number, { align, baseline, dx, dy }: Side): Box {
  const x0 = x - { left: 0, right: width, center: width / 2 }[align];
  const y0 = y - { top: 0, bottom: LINE, middle: LINE / 2 }[baseline];
  const far = PX / labelSize('paper');
  const near = PX / labelSize('screen');
  return {
    x0: x0 + Math.min(dx * near, dx * far),
    x1: x0 + width + Math.max(dx * near, dx * far),
    y0: y0 + Math.min(dy * near, dy * far),
    y1: y0 + LINE + Math.max(dy * near, dy * far),
  };
}

/** A side as Vega-Lite's properties of a text mark. Its lengths are the same in px and in pt, so one specification serves both. */
export function offset({ align, baseline, dx, dy }: Side): object {
  return { align, baseline, dx: dx * PX, dy: dy * PX };
}

export function overlap(a: Box, b: Box): boolean {
  return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;
}

/** Whether a line touches a box: clipped to it, something is left (Liang & Barsky 1984). */
export function crosses([from, to]: Segment, box: Box): boolean {
  let [enter, leave] = [0, 1];
  for (const [start, delta, lo, hi] of [
    [from.x, to.x - from.x, box.x0, box.x1],
    [from.y, to.y - from.y, box.y0, box.y1],
  ] as const) {
    if (delta === 0) {
      if (start < lo || start > hi) return false;
      continue;
    }
    const [a, b] = [(lo - start) / delta, (hi - start) / delta];
    enter = Math.max(enter, Math.min(a, b));
    leave = Math.min(leave, Math.max(a, b));
  }
  return enter <= leave;
}

/** What a point covers. */
export function around({ x, y }: Spot, radius: number): Box {
  return { x0: x - radius, x1: x + radius, y0: y - radius, y1: y + radius };
}

/** Whether a box lies inside the plot. */
export function fits(box: Box, { width, height }: Plot): boolean {
  return box.x0 >= 0 && box.x1 <= width && box.y0 >= 0 && box.y1 <= height;
}
