// Where the steps of a plan are evaluated: each where the last one led, or as a solver has it.
import type * as tf from '@tensorflow/tfjs-core';
import type { State } from './state.ts';

/** What a driver keeps of each token from step to step, by name; every tensor starts with [batch, seq] and keeps its shape. */
export type DriverMemory = Readonly<Record<string, tf.Tensor>>;

/** A step's evaluation. */
export interface Evaluation<S extends State> {
  /** Where it was made, and what came out. */
  readonly at: S;
  readonly out: S;
  /** [batch, seq] 0/1: tokens at 0 did not compute; undefined if all did. */
  readonly live: tf.Tensor | undefined;
}

/** Decides from token to token where a plan's steps are evaluated: `unroll`, or a solver that looks for the fixed point. */
export interface Driver {
  readonly id: string;
  /** Plain JSON that tells apart drivers of one id. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Before the first step. */
  init(state: State): DriverMemory;
  /** Where the next step is evaluated. */
  place<S extends State>(memory: DriverMemory, state: S): S;
  /**
   * The state after a step.
   * @param state before it
   * @returns `residual` squared, [batch, seq], where it is not the change of the state
   */
  next<S extends State>(
    memory: DriverMemory,
    state: S,
    made: Evaluation<S>,
  ): { readonly memory: DriverMemory; readonly state: S; readonly residual?: tf.Tensor };
}

/** The plan's steps one after another, each where the last one led. */
export const unroll: Driver = {
  id: 'unroll',
  options: {},
  init: () => ({}),
  place: (_, state) => state,
  next: (memory, _, { out }) => ({ memory, state: out }),
};
