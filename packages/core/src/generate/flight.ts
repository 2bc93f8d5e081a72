// A row's new tokens on their way through the loops of one trajectory.
import type { Hosted, HostTensor } from '@looplab/engine';
import type { Course } from './courses.ts';
import type { Carried } from './decodePrograms.ts';
import type { Kept } from './kept.ts';
import type { HostTensors } from './rows.ts';
import type { StepKind } from './stepKind.ts';

export interface Flight {
  readonly course: Course;
  readonly row: number;
  /** Position of the first token. */
  readonly offset: number;
  readonly seq: number;
  readonly inputs: HostTensors;
  readonly noise: HostTensors;
  /** Loops that each token takes at most. */
  readonly limits: Float32Array | undefined;
  /** Whether the exit rule may stop tokens. */
  readonly mayExit: boolean;
  /** Steps done. */
  step: number;
  e?: HostTensor;
  /** Set by the first step. */
  carried?: Hosted<Carried>;
  /** The state where the loop began, if an inner step came since. */
  since?: HostTensors | undefined;
  /** Each token: 1 where it has stopped. */
  readonly stopped: Float32Array;
  /** Loops that each token took. */
  readonly depths: Int32Array;
  /** The cache slot that each core wrote last. */
  readonly latest: Map<string, string>;
  /** What is to be kept of each core, under policies that keep one slot. */
  readonly kept: Map<string, Kept>;
  /** [seq, vocab], filled where a token stops, if logits are read with the steps. */
  logits?: Float32Array;
}

/** Whether nothing is left to compute. */
export const isDone = (f: Flight): boolean => f.step === f.course.plan.steps.length;

/** The kind of the next step of a flight that is not done. */
export const kindOf = (f: Flight): StepKind => f.course.kinds[f.step] as StepKind; // a kind a step

/** Pairs of a query and a key that it can see, or that a causal mask hides from it. */
export const pairsOf = ({ seq, offset }: Flight): number => seq * (offset + seq);

/** A step of a trajectory, whatever kind it is of. */
export const stepKey = ({ course }: Flight, step: number): string => `${course.trajectory}/${step}`;

/** The loop that the next step belongs to, from 1. */
export function loopOf({ course, step }: Flight): number {
  let loop = 1;
  for (let i = 0; i < step; i++) if (!course.plan.steps[i]?.inner) loop++;
  return loop;
}

/**
 * Stops the tokens that the step just made ends: by the exit rule, at their limit, or with the plan.
 * @param done [seq], what the exit rule says; left out if it was not asked
 * @returns their places
 */
export function stopping(f: Flight, done: ArrayLike<number> | undefined): number[] {
  if (kindOf(f).k.inner) return [];
  const loop = loopOf(f);
  const last = f.step === f.course.plan.steps.length - 1;
  const stops: number[] = [];
  for (let j = 0; j < f.seq; j++) {
    if (f.stopped[j] === 1) continue;
    f.depths[j] = loop;
    const exits = done !== undefined && (done[j] as number) > 0; // a value a token
    if (!last && !exits && loop < (f.limits?.[j] ?? Number.POSITIVE_INFINITY)) continue;
    f.stopped[j] = 1;
    stops.push(j);
  }
  return stops;
}
