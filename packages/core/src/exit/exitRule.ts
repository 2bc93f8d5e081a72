// When a token has been thought about enough: inference only, fed one loop at a time.
import type * as tf from '@tensorflow/tfjs-core';
import type { Noise } from '../recurrence/noise.ts';
import type { State } from '../recurrence/state.ts';
import type { NoiseSpec } from '../recurrence/strategy.ts';
import type { Key } from '../rng/random.ts';

/** What a rule remembers between loops: leaves are [batch, seq, ...], so that rows can be picked from them. */
export type ExitMemory = Readonly<Record<string, tf.Tensor>>;

/** The tokens a rule is about to follow. */
export interface ExitStart {
  readonly batch: number;
  readonly seq: number;
  /** Width of the logits. */
  readonly vocab: number;
  /** Loops that are planned. */
  readonly loops: number;
  /** What the rule's `noise` asked for. */
  readonly noise: Noise;
}

/** What a loop has made. Only what the rule needs is filled in. */
export interface ExitView {
  /** [batch, seq]: the number of the loop each token has just done, from 1. */
  readonly loop: tf.Tensor;
  /** The state before the loop. */
  readonly before: State;
  readonly state: State;
  /** [batch, seq, vocab] */
  readonly logits?: tf.Tensor;
  /** [batch, seq] */
  readonly halt?: tf.Tensor;
  /** [batch, seq]: squared change of the state's first leaf; with a solver, the squared residual of its evaluation. */
  readonly residual?: tf.Tensor;
}

export type ExitNeed = 'logits' | 'halt' | 'residual';

export interface ExitRule {
  readonly id: string;
  /** Plain JSON from which `exitRuleById(id, options)` makes the rule again. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly needs: readonly ExitNeed[];
  /** Random numbers, for rules that toss: drawn by the runtime from `key`, by row and position. */
  readonly noise?: { readonly key: Key; specs(loops: number): readonly NoiseSpec[] };
  /** Memory before the first loop. Traceable. */
  init(at: ExitStart): ExitMemory;
  /** Traceable. `done` [batch, seq] is 1 (float32) where a token stops after this loop. */
  check(memory: ExitMemory, now: ExitView): { readonly memory: ExitMemory; readonly done: tf.Tensor };
}

/** A rule that one number turns from leaving early to leaving late. */
export interface ThresholdRule extends ExitRule {
  readonly threshold: number;
  /** Thresholds worth trying: nearly every token leaves as soon as it may, hardly one leaves before the end. */
  readonly scale: { readonly early: number; readonly late: number; readonly law: 'linear' | 'log' | 'whole' };
  /** The same rule at another threshold, which may be a scalar tensor, so that one computation serves many. */
  withThreshold(threshold: number | tf.Tensor): ExitRule;
}
