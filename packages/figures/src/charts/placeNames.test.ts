// Names stand off everything they are told of, whatever the points, and are left out rather than put on top of each other.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { boxOf, crosses, type NamedSpot, overlap, placeNames, type Segment, sides, textWidth } from './placeNames.ts';

const plot = { width: 40, height: 20, radius: 0.3 };
const order = (spots: readonly unknown[]): number[] => [...spots.keys()];
const place = (spots: readonly NamedSpot[], lines: readonly Segment[] = []) =>
  placeNames(spots, plot, { lines, boxes: [], order: order(spots) });

it('prefers the right, then the other sides', () => {
  const name = 'LoopLM';
  expect(place([{ x: 10, y: 10, name }])).toEqual([sides[0]]);
  expect(place([{ x: 39, y: 10, name }])).toEqual([sides[1]]);
  // between two neighbours there is room above
  const row = [8, 10, 12].map((x) => ({ x, y: 10, name }));
  expect(place(row)[1]).toEqual(sides[2]);
});

it('leaves a name out where every side is taken', () => {
  const name = 'a long name that fits nowhere';
  const crowd = Array.from({ length: 12 }, (_, i) => ({
    x: 20 + (i % 4) * 0.1,
    y: 10 + Math.floor(i / 4) * 0.1,
    name,
  }));
  const placed = place(crowd);
  expect(placed.filter((s) => s === undefined).length).toBeGreaterThan(5);
  expect(placed[0]).toBeDefined();
});

it('measures in Inter', () => {
  // advance widths of H and i in the font's own table: 1522 and 496 of 2048 units an em
  expect(textWidth('H')).toBeCloseTo(1522 / 2048, 2);
  expect(textWidth('iiii')).toBeCloseTo((4 * 496) / 2048, 2);
});

const spot = fc.record({
  x: fc.double({ min: 0, max: 40, noNaN: true }),
  y: fc.double({ min: 0, max: 20, noNaN: true }),
});
const named = fc.record({
  x: fc.double({ min: 0, max: 40, noNaN: true }),
  y: fc.double({ min: 0, max: 20, noNaN: true }),
  name: fc.string({ minLength: 1, maxLength: 14, unit: fc.constantFrom(...'abcMW 1×') }),
});

it('covers no name, point or line, and stays inside', () => {
  fc.assert(
    fc.property(
      fc.array(named, { maxLength: 12 }),
      fc.array(fc.tuple(spot, spot), { maxLength: 3 }),
      (spots, lines) => {
        const boxes = place(spots, lines).flatMap((side, i) => {
          const at = spots[i];
          return side && at ? [{ i, box: boxOf(at, textWidth(at.name), side) }] : [];
        });
        for (const [k, { i, box }] of boxes.entries()) {
          expect(Math.min(box.x0, box.y0)).toBeGreaterThanOrEqual(0);
          expect(box.x1).toBeLessThanOrEqual(40);
          for (const other of boxes.slice(k + 1)) expect(overlap(box, other.box)).toBe(false);
          for (const line of lines) expect(crosses(line, box)).toBe(false);
          for (const [j, p] of spots.entries()) {
            const isCovered = j !== i && p.x > box.x0 && p.x < box.x1 && p.y > box.y0 && p.y < box.y1;
            expect(isCovered).toBe(false);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

it('knows when a line crosses a box', () => {
  const box = { x0: 0, x1: 2, y0: 0, y1: 1 };
  const line = (a: number, b: number, c: number, d: number): Segment => [
    { x: a, y: b },
    { x: c, y: d },
  ];
  expect(crosses(line(-1, 0.5, 3, 0.5), box)).toBe(true);
  expect(crosses(line(1, -1, 1, 2), box)).toBe(true);
  expect(crosses(line(-1, 0, 0.5, 3), box)).toBe(false);
  expect(crosses(line(0.5, 0.5, 1, 0.6), box)).toBe(true);
  expect(crosses(line(3, 0, 4, 1), box)).toBe(false);
  // sampled: a point of the line inside the box means that it crosses
  fc.assert(
    fc.property(spot, spot, (from, to) => {
      const b = { x0: 10, x1: 20, y0: 5, y1: 12 };
      const hits = Array.from({ length: 101 }, (_, i) => i / 100).some((t) => {
        const [x, y] = [from.x + t * (to.x - from.x), from.y + t * (to.y - from.y)];
        return x > b.x0 && x < b.x1 && y > b.y0 && y < b.y1;
      });
      if (hits) expect(crosses([from, to], b)).toBe(true);
    }),
  );
});
