// Which configurations are best, what sets each apart from the next, and how much each setting has to do with it.
import { isBetter, type Metric, measured } from '../metric.ts';
import type { Setting } from '../settings.ts';
import { type Estimate, estimate } from '../statistics.ts';
import type { Axis, Configuration, Sweep } from './sweep.ts';

/** Configurations with a result, the best first. */
export function ranked({ configurations, metric }: Sweep): Configuration[] {
  return configurations
    .filter((c) => c.result.n > 0)
    .sort((a, b) => (isBetter(a.result.mean, b.result.mean, metric) ? -1 : a.result.mean === b.result.mean ? 0 : 1));
}

/** How a configuration compares to another. */
export interface Separation {
  /** By how much the first is better; negative where it is not. */
  readonly lead: number;
  /** The same over the seeds that both were trained with; `n` of them. */
  readonly paired: Estimate;
  /** Whether their intervals have a value in common; undefined where one of them has no interval. */
  readonly overlap: boolean | undefined;
}

export function separation(a: Configuration, b: Configuration, metric: Metric): Separation {
  const sign = metric.better === 'higher' ? 1 : -1;
  const other = bySeed(b, metric);
  const differences = [...bySeed(a, metric)].flatMap(([seed, value]) => {
    const against = other.get(seed);
    return against === undefined ? [] : [sign * (value - against)];
  });
  const isKnown = [a, b].every((c) => Number.isFinite(c.result.lo));
  return {
    lead: sign * (a.result.mean - b.result.mean),
    paired: estimate(differences),
    overlap: isKnown ? a.result.lo <= b.result.hi && b.result.lo <= a.result.hi : undefined,
  };
}

/** The result of each seed that finished. */
export function bySeed({ runs }: Configuration, metric: Metric): Map<number, number> {
  const values = runs.flatMap((r): [number, number][] => {
    const value = r.state === 'finished' ? measured(r.run?.evals.at(-1), metric) : Number.NaN;
    return Number.isFinite(value) ? [[r.seed, value]] : [];
  });
  return new Map(values);
}

/** A part of an axis: one value, or a stretch of a long list of numbers. */
export interface Level {
  readonly name: string;
  readonly values: readonly Setting[];
  readonly configurations: readonly Configuration[];
  /** Over all its configurations: the mean for each seed, averaged over seeds. */
  readonly result: Estimate;
}

/** Numbers of which there are more are put into as many stretches. */
const STRETCHES = 4;
const MOST_VALUES = 8;

/** The parts of an axis that hold a result. */
export function levelsOf(axis: Axis, { configurations, metric }: Sweep): Level[] {
  const done = configurations.filter((c) => c.result.n > 0 && c.at.has(axis.label));
  const placeOf = (c: Configuration): Setting => c.at.get(axis.label) ?? null;
  const values = axis.values.filter((v) => done.some((c) => placeOf(c) === v));
  const groups = axis.scale === 'ordinal' || values.length <= MOST_VALUES ? values.map((v) => [v]) : stretches(values);
  return groups.map((group) => {
    const own = done.filter((c) => group.includes(placeOf(c)));
    return { name: nameOf(group), values: group, configurations: own, result: meanOverSeeds(own, metric) };
  });
}

function stretches(sorted: readonly Setting[]): Setting[][] {
  const edges = Array.from({ length: STRETCHES + 1 }, (_, i) => Math.round((i * sorted.length) / STRETCHES));
  return edges.slice(1).map((to, i) => sorted.slice(edges[i], to));
}

function nameOf(group: readonly Setting[]): string {
  const write = (v: Setting | undefined): string =>
    typeof v === 'number' ? String(Number(v.toPrecision(3))) : String(v);
  return group.length === 1 ? write(group[0]) : `${write(group[0])} to ${write(group.at(-1))}`;
}

/** The mean of several configurations with an interval over the seeds that all of them have; without one where those are too few. */
function meanOverSeeds(configurations: readonly Configuration[], metric: Metric): Estimate {
  const each = configurations.map((c) => bySeed(c, metric));
  const seeds = [...(each[0]?.keys() ?? [])].filter((seed) => each.every((values) => values.has(seed)));
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const isWhole = each.every((values) => values.size === seeds.length);
  if (isWhole && seeds.length > 0)
    return estimate(
      seeds.map((seed) => mean(each.map((values) => values.get(seed) ?? Number.NaN))),
      metric.bounds,
    );
  return { n: 1, mean: mean(configurations.map((c) => c.result.mean)), lo: Number.NaN, hi: Number.NaN };
}
