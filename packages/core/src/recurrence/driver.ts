// Who decides in which order a plan's steps are evaluated.
import type { ExitRule } from '../exit/exitRule.ts';
import type { Pass } from './pass.ts';
import type { Plan } from './plan.ts';
import type { State } from './state.ts';
import type { Steps } from './trace.ts';

/** Runs a plan: one step after another (`unroll`), or a solver that looks for the step's fixed point. */
export interface Driver {
  readonly id: string;
  /** Plain JSON that tells apart drivers of one id. */
  readonly options: Readonly<Record<string, unknown>>;
  run<S extends State>(pass: Pass<S>, plan: Plan, exit?: ExitRule): Steps<S>;
}
