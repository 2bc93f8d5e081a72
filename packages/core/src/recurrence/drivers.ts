// The drivers by name: who decides in which order a plan's steps are evaluated.
import type { ExitRule } from '../exit/exitRule.ts';
import type { Pass } from './pass.ts';
import type { Plan } from './plan.ts';
import type { State } from './state.ts';
import type { Steps } from './trace.ts';
import { unroll } from './unroll.ts';

export type Driver = <S extends State>(pass: Pass<S>, plan: Plan, exit?: ExitRule) => Steps<S>;

export const drivers: Readonly<Record<string, Driver>> = { unroll };
