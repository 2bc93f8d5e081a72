// What a study claims, checked by its own file against what came out.
import type { StudySummary } from '@looplab/train';

/** The verdict on a study's claim, with the numbers it rests on. */
export interface Claim {
  readonly statement: string;
  readonly holds: boolean;
  /** The numbers in a few words: `0.56 against 0.39`. */
  readonly outcome: string;
  readonly [measure: string]: unknown;
}

/** A study file may export this as `claim`; it is asked when every run has finished. */
export type ClaimOf = (summary: StudySummary) => Claim;
