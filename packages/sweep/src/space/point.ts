// A point of a search space: the settings that tell one trial from another.
import { SweepError } from '../errors.ts';

/** What a setting can be set to. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Settings by their key, as `--set` takes them: `{ 'model.loops': 4, 'train.lr': 0.001 }`. */
export type Point = Readonly<Record<string, Json>>;

/** The point as settings that a study can be resolved with. */
export function settingsOf(point: Point): string[] {
  return Object.entries(point).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
}

/** A point in a few words, for people: `model.loops=4 train.lr=0.001`. */
export function pointText(point: Point): string {
  return Object.entries(point)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

/**
 * The keys of an axis: `model.layers,model.loops` varies two settings together.
 * @throws SweepError for an empty key, a key named twice, or seeds, which are an axis of their own
 */
export function axisKeys(axis: string): string[] {
  const keys = axis.split(',').map((key) => key.trim());
  for (const [i, key] of keys.entries()) {
    if (key === '' || key.split('.').some((part) => part === '')) {
      throw new SweepError(`'${axis}' is not an axis; write a setting such as model.loops, or several with commas`);
    }
    if (key === 'seeds' || key === 'seed') {
      throw new SweepError(`seeds are an axis of their own; give the study 'seeds: 3' instead of the axis '${axis}'`);
    }
    if (keys.indexOf(key) !== i) throw new SweepError(`axis '${axis}' names ${key} twice; name it once`);
  }
  return keys;
}

/**
 * The keys of several axes, in order.
 * @throws SweepError if two of them set the same key
 */
export function distinctKeys(axes: readonly string[]): string[] {
  const seen = new Map<string, string>();
  for (const axis of axes) {
    for (const key of axisKeys(axis)) {
      const other = seen.get(key);
      if (other !== undefined) {
        throw new SweepError(`${key} is set by two axes, '${other}' and '${axis}'; keep it in one of them`);
      }
      seen.set(key, axis);
    }
  }
  return [...seen.keys()];
}
