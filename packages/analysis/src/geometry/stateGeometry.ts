// How a state moves from loop to loop: length, step, turn, distance to where it ends up.
import type { SiteStates } from '../sites.ts';

/** One number an instance and loop; loop 0 is before the first. */
export interface Movement {
  readonly loop: number;
  /** Length of the state. */
  readonly norm: Float64Array;
  /** Length of this loop's change. */
  readonly step: Float64Array;
  /** step / norm of the state before. */
  readonly relativeStep: Float64Array;
  /** Cosine between the states before and after this loop. */
  readonly cosine: Float64Array;
  /** Distance to the state after the deepest loop. */
  readonly toEnd: Float64Array;
}

/** The movement at one site, for every loop from 0; what needs a loop before is NaN at 0. */
export function movement(states: SiteStates, site: number): Movement[] {
  const { loops, width } = states;
  const n = states.instances.length;
  const end = states.vectors(loops, site);
  return Array.from({ length: loops + 1 }, (_, loop) => {
    const now = states.vectors(loop, site);
    const before = loop > 0 ? states.vectors(loop - 1, site) : undefined;
    const each = (f: (i: number) => number): Float64Array => Float64Array.from({ length: n }, (_, i) => f(i));
    const dot = (a: Float64Array, b: Float64Array, i: number): number => {
      let total = 0;
      for (let k = i * width; k < (i + 1) * width; k++) total += (a[k] ?? 0) * (b[k] ?? 0);
      return total;
    };
    const distance = (a: Float64Array, b: Float64Array, i: number): number => {
      let total = 0;
      for (let k = i * width; k < (i + 1) * width; k++) total += ((a[k] ?? 0) - (b[k] ?? 0)) ** 2;
      return Math.sqrt(total);
    };
    const norm = each((i) => Math.sqrt(dot(now, now, i)));
    const step = each((i) => (before ? distance(now, before, i) : Number.NaN));
    const normBefore = each((i) => (before ? Math.sqrt(dot(before, before, i)) : Number.NaN));
    return {
      loop,
      norm,
      step,
      relativeStep: step.map((s, i) => s / (normBefore[i] ?? 0)),
      cosine: each((i) => (before ? dot(now, before, i) / ((norm[i] ?? 0) * (normBefore[i] ?? 0)) : Number.NaN)),
      toEnd: each((i) => distance(now, end, i)),
    };
  });
}
