// Searches whose points are all known from the start: grids, lists in step, and their products.
import { SweepError } from '../errors.ts';
import type { Where } from '../space/draw.ts';
import { axisKeys, distinctKeys, type Json, type Point } from '../space/point.ts';
import type { Search } from './search.ts';

/** Values for each axis; an axis of several settings, `model.layers,model.loops`, has lists of as many values. */
export type Axes = Readonly<Record<string, readonly Json[]>>;

/** A search over a list of points. */
export interface Listed extends Search {
  readonly points: readonly Point[];
}

/**
 * Every combination of the axes' values; the last axis varies fastest.
 *
 *     grid({ 'model.layers,model.loops': [[2, 6], [3, 4], [12, 1]], 'train.lr': [1e-3, 3e-4] })
 *
 * @param options.where keeps the points for which it is true
 * @throws SweepError for no axes, an axis without values, a value or a setting given twice, or a `where` that keeps nothing
 */
export function grid(axes: Axes, options: { readonly where?: Where } = {}): Listed {
  const lists = axisPoints('grid', axes);
  const all = lists.reduce<Point[]>((points, axis) => points.flatMap((p) => axis.map((q) => ({ ...p, ...q }))), [{}]);
  return listed('grid', distinctKeys(Object.keys(axes)), kept(all, options.where));
}

/**
 * The first values of all axes, then the second of all, and so on.
 * @throws SweepError as `grid` does, and for axes of different lengths
 */
export function zip(axes: Axes, options: { readonly where?: Where } = {}): Listed {
  const lists = axisPoints('zip', axes);
  const lengths = new Set(lists.map((axis) => axis.length));
  if (lengths.size > 1) {
    const said = Object.entries(axes).map(([axis, values]) => `${axis}: ${values.length}`);
    throw new SweepError(`zip needs axes of the same length (got ${said.join(', ')}); use grid to combine them`);
  }
  const all = (lists[0] ?? []).map((_, i) => Object.assign({}, ...lists.map((axis) => axis[i])) as Point);
  return listed('zip', distinctKeys(Object.keys(axes)), kept(all, options.where));
}

/**
 * Every combination of the points of several lists: `cross(zip({...}), grid({...}))`.
 * @throws SweepError if two of them set the same key, or `where` keeps nothing
 */
export function cross(parts: readonly Listed[], options: { readonly where?: Where } = {}): Listed {
  const keys = distinctKeys(parts.flatMap((part) => part.keys));
  const all = parts.reduce<Point[]>(
    (points, part) => points.flatMap((p) => part.points.map((q) => ({ ...p, ...q }))),
    [{}],
  );
  return listed('cross', keys, kept(all, options.where));
}

/** The search that a sweep's manifest describes, where it is one of listed points; undefined for one that only its study can make. */
export function searchFromSpec({ id, options }: Pick<Search, 'id' | 'options'>): Listed | undefined {
  const { points } = options;
  if (!['grid', 'zip', 'cross'].includes(id) || !Array.isArray(points)) return undefined;
  const known = points as readonly Point[]; // written from a listed search
  return listed(id, [...new Set(known.flatMap((point) => Object.keys(point)))], known);
}

function listed(id: string, keys: readonly string[], points: readonly Point[]): Listed {
  return {
    id,
    options: { points },
    keys,
    points,
    trials: points.length,
    parallel: Number.POSITIVE_INFINITY,
    suggest: ({ made }) => {
      const trial = made.length;
      const point = points[trial];
      return point === undefined ? undefined : { trial, point };
    },
  };
}

/** For each axis, the part of a point that each of its values gives. */
function axisPoints(what: string, axes: Axes): Point[][] {
  const names = Object.keys(axes);
  if (names.length === 0) {
    throw new SweepError(`the ${what} is empty; give it an axis: ${what}({ 'model.loops': [1, 2, 4] })`);
  }
  distinctKeys(names);
  return Object.entries(axes).map(([axis, values]) => {
    if (!Array.isArray(values)) throw new SweepError(`axis '${axis}' needs a list of values`);
    if (values.length === 0) throw new SweepError(`axis '${axis}' has no values; give at least one`);
    const keys = axisKeys(axis);
    const texts = values.map((v: Json) => JSON.stringify(v));
    const twice = texts.find((text, i) => texts.indexOf(text) !== i);
    if (twice !== undefined) throw new SweepError(`axis '${axis}' lists ${twice} twice; list each value once`);
    return values.map((value: Json) => pointOf(axis, keys, value));
  });
}

function pointOf(axis: string, keys: readonly string[], value: Json): Point {
  const [only, ...more] = keys;
  if (only !== undefined && more.length === 0) return { [only]: value };
  if (!Array.isArray(value) || value.length !== keys.length) {
    const got = JSON.stringify(value);
    throw new SweepError(`axis '${axis}' needs lists of ${keys.length} values, one for each setting (got ${got})`);
  }
  return Object.fromEntries(keys.map((key, i) => [key, value[i] as Json])); // the length was just checked
}

function kept(points: readonly Point[], where: Where | undefined): Point[] {
  const left = where === undefined ? [...points] : points.filter(where);
  if (left.length === 0) throw new SweepError(`where refuses all ${points.length} points; loosen it`);
  return left;
}
