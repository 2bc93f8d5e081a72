// Points drawn at random: pure functions of a key.
import { fold, type Key, uniform } from '@looplab/core';
import { SweepError } from '../errors.ts';
import { type Dimension, type Dimensions, valueAt } from './dimension.ts';
import { type Json, type Point, pointText } from './point.ts';

/** Says which points a space has; the rest are never tried. */
export type Where = (point: Point) => boolean;

/** So many points may be refused in a row before a constraint counts as one that nothing satisfies. */
const ATTEMPTS = 1000;

/** Draws a value of one dimension. */
export type DrawValue = (key: string, dimension: Dimension, k: Key) => Json;

/**
 * A point that satisfies `where`, drawn dimension by dimension.
 * @throws SweepError if the first 1000 draws do not satisfy it
 */
export function drawPoint(dimensions: Dimensions, k: Key, where?: Where, draw: DrawValue = drawUniform): Point {
  let point: Point = {};
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    point = {};
    for (const [key, conditional] of Object.entries(dimensions)) {
      const dimension = typeof conditional === 'function' ? conditional(point) : conditional;
      if (dimension === undefined) continue;
      point = { ...point, [key]: draw(key, dimension, fold(fold(k, attempt), key)) };
    }
    if (where === undefined || where(point)) return point;
  }
  throw new SweepError(`no point satisfies the space's where: the last of ${ATTEMPTS} refused was ${pointText(point)}`);
}

function drawUniform(_: string, dimension: Dimension, k: Key): Json {
  return valueAt(dimension, uniform(k, 1)[0] ?? 0);
}
