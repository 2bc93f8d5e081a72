// What one setting may be drawn from: a range, its logarithm, whole numbers, or a choice.
import { SweepError } from '../errors.ts';
import type { Json, Point } from './point.ts';

/** One dimension of a space that is sampled. */
export type Dimension =
  | { readonly kind: 'uniform' | 'logUniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'int'; readonly low: number; readonly high: number; readonly log: boolean }
  | { readonly kind: 'choice'; readonly values: readonly Json[] };

/**
 * A dimension, or a function that gives one for what was drawn before it: `undefined` leaves the setting out.
 * Dimensions are drawn in the order in which the space names them.
 */
export type Conditional = Dimension | ((drawn: Point) => Dimension | undefined);

/** Sampled spaces: a dimension for each setting. */
export type Dimensions = Readonly<Record<string, Conditional>>;

/** Any number between two bounds. */
export function uniform(low: number, high: number): Dimension {
  return { kind: 'uniform', ...bounds('uniform', low, high) };
}

/** A positive number whose logarithm is uniform: learning rates, weight decays. */
export function logUniform(low: number, high: number): Dimension {
  bounds('logUniform', low, high);
  if (low <= 0) throw new SweepError(`logUniform needs bounds above 0 (got ${low}, ${high}); use uniform`);
  return { kind: 'logUniform', low, high };
}

/** A whole number from `low` to `high`, both included; with `log`, small ones as often as large ones by magnitude. */
export function int(low: number, high: number, { log = false }: { readonly log?: boolean } = {}): Dimension {
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || low > high) {
    throw new SweepError(`int needs two whole numbers, the lower first (got ${low}, ${high})`);
  }
  if (log && low < 1) throw new SweepError(`int with log needs bounds of at least 1 (got ${low}, ${high})`);
  return { kind: 'int', low, high, log };
}

/** One of these values, each as likely. */
export function choice(values: readonly Json[]): Dimension {
  if (values.length === 0) throw new SweepError('choice has no values; give at least one');
  const texts = values.map((v) => JSON.stringify(v));
  const twice = texts.find((text, i) => texts.indexOf(text) !== i);
  if (twice !== undefined) throw new SweepError(`choice lists ${twice} twice; list each value once`);
  return { kind: 'choice', values };
}

function bounds(what: string, low: number, high: number): { low: number; high: number } {
  if (!Number.isFinite(low) || !Number.isFinite(high) || low >= high) {
    throw new SweepError(`${what} needs two finite bounds, the lower first (got ${low}, ${high})`);
  }
  return { low, high };
}

/** Digits that a drawn number keeps, so that a person can type it again. */
const DIGITS = 6;

/** The value at `u` in [0, 1): the inverse of the dimension's cumulative distribution. */
export function valueAt(dimension: Dimension, u: number): Json {
  switch (dimension.kind) {
    case 'choice':
      return dimension.values[Math.floor(u * dimension.values.length)] ?? null;
    case 'uniform':
      return rounded(dimension, dimension.low + u * (dimension.high - dimension.low));
    case 'logUniform':
      return rounded(dimension, Math.exp(between(Math.log(dimension.low), Math.log(dimension.high), u)));
    case 'int': {
      const { low, high, log } = dimension;
      const [a, b] = [low - 0.5, high + 0.5];
      const x = log ? Math.exp(between(Math.log(a), Math.log(b), u)) : between(a, b, u);
      return clamp(Math.round(x), low, high);
    }
  }
}

/** Where a number stands in its dimension, in [0, 1]; undefined if it is not one of its values. */
export function unitOf(dimension: Dimension, value: Json): number | undefined {
  if (dimension.kind === 'choice' || typeof value !== 'number') return undefined;
  if (!(value >= dimension.low && value <= dimension.high)) return undefined;
  const half = dimension.kind === 'int' ? 0.5 : 0;
  const [a, b] = [dimension.low - half, dimension.high + half];
  const isLog = dimension.kind === 'logUniform' || (dimension.kind === 'int' && dimension.log);
  return isLog ? Math.log(value / a) / Math.log(b / a) : (value - a) / (b - a);
}

/** Plain JSON that says which values a space can take; a function by its text, since it cannot be compared otherwise. */
export function describeDimensions(dimensions: Dimensions): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(dimensions).map(([key, d]) => [key, typeof d === 'function' ? { when: String(d) } : { ...d }]),
  );
}

/** @throws SweepError for an empty space, or a value that is no dimension */
export function assertDimensions(dimensions: Dimensions): void {
  const entries = Object.entries(dimensions);
  if (entries.length === 0)
    throw new SweepError('the space is empty; give it a dimension: { "train.lr": logUniform(1e-4, 1e-2) }');
  for (const [key, dimension] of entries) {
    const kind = typeof dimension === 'function' ? 'function' : dimension?.kind;
    if (!['function', 'uniform', 'logUniform', 'int', 'choice'].includes(kind)) {
      throw new SweepError(`${key} is no dimension; use uniform, logUniform, int, choice or a function that gives one`);
    }
  }
}

function between(a: number, b: number, u: number): number {
  return a + u * (b - a);
}

function clamp(x: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, x));
}

function rounded({ low, high }: { low: number; high: number }, x: number): number {
  return clamp(Number(x.toPrecision(DIGITS)), low, high);
}
