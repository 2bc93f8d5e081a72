// When a token has been thought about enough: inference only, fed one step at a time.
import type * as tf from '@tensorflow/tfjs-core';
import type { State } from '../recurrence/state.ts';

/** What a rule remembers between steps: leaves are [batch, seq, ...], so that rows can be picked from them. */
export type ExitMemory = Readonly<Record<string, tf.Tensor>>;

/** What a step has made. Only what the rule needs is filled in. */
export interface ExitView {
  readonly t: number;
  readonly state: State;
  /** [batch, seq, vocab] */
  readonly logits?: tf.Tensor;
  /** [batch, seq] */
  readonly halt?: tf.Tensor;
  /** [batch, seq]: squared distance between this state and the last, summed over its first leaf. */
  readonly residual?: tf.Tensor;
}

export type ExitNeed = 'logits' | 'halt' | 'residual';

export interface ExitRule {
  readonly id: string;
  /** Plain JSON from which `exitRuleById(id, options)` makes the rule again. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly needs: readonly ExitNeed[];
  init(batch: number, seq: number): ExitMemory;
  /** `done` [batch, seq] is 1 (float32) where a token stops after this step. */
  check(memory: ExitMemory, now: ExitView): { readonly memory: ExitMemory; readonly done: tf.Tensor };
}
