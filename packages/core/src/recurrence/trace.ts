// What a trajectory left behind: the state after every step, and lazily what can be read from it.
import * as tf from '@tensorflow/tfjs-core';
import type { Pass } from './pass.ts';
import type { Plan } from './plan.ts';
import { detachState, type State } from './state.ts';

export interface Trace<S extends State = State> {
  readonly plan: Plan;
  /** The state before the first step. */
  readonly initial: S;
  /** The state after each loop: the steps that are not `inner`. */
  readonly states: readonly S[];
  /** [batch, seq] 0/1 for each step: which tokens computed it; undefined if all did. */
  readonly active: readonly (tf.Tensor | undefined)[];
  /** What the strategy's `terms` said, a record of scalars for each step. */
  readonly terms: readonly Readonly<Record<string, tf.Tensor>>[];
  /** Halting logits [batch, seq] after each loop; empty if the strategy has no gate. */
  readonly halt: readonly tf.Tensor[];
  /** As `halt[t]`, from the state without its history: gradients reach the gate and nothing behind it. */
  detachedHalt(t: number): tf.Tensor;
  /** Logits [batch, seq, vocab] read from the state after loop `t`; computed once, when first asked for. */
  logits(t: number): tf.Tensor;
  /** Squared change of the first leaf in loop `t`, [batch, seq]. */
  residual(t: number): tf.Tensor;
  /** Squared length of the last step's derivative along a random unit-variance direction, per unit of width, [batch, seq]. */
  readonly jacobian?: tf.Tensor;
}

export interface Steps<S extends State> {
  readonly plan: Plan;
  readonly initial: S;
  readonly states: readonly S[];
  readonly active: readonly (tf.Tensor | undefined)[];
  readonly terms: readonly Readonly<Record<string, tf.Tensor>>[];
  readonly jacobian?: tf.Tensor;
}

/** A trace over the steps a driver has made. */
export function makeTrace<S extends State>(pass: Pass<S>, steps: Steps<S>): Trace<S> {
  const { initial, states } = steps;
  const at = (t: number): S => {
    const s = states[t];
    if (!s) throw new RangeError(`the trace has loops 0 to ${states.length - 1} (asked for ${t})`);
    return s;
  };
  const logits = memo((t) => pass.read(at(t)));
  const detachedHalt = memo((t) => pass.halt(detachState(at(t))));
  let halt: tf.Tensor[] | undefined;
  return {
    ...steps,
    get halt() {
      halt ??= pass.strategy.halt ? states.map((s) => pass.halt(s)) : [];
      return halt;
    },
    detachedHalt,
    logits,
    residual: (t) => squaredChange(states[t - 1] ?? initial, at(t)),
  };
}

/** Squared distance of the first leaf between two states, [batch, seq]. */
export function squaredChange(before: State, after: State): tf.Tensor {
  const [name, leaf] = Object.entries(after)[0] as [string, tf.Tensor]; // states have a leaf
  const d = tf.square(tf.sub(leaf, before[name] as tf.Tensor)); // same leaves in both
  return d.rank === 2 ? d : tf.sum(tf.reshape(d, [d.shape[0] ?? 0, d.shape[1] ?? 0, -1]), 2);
}

function memo(f: (t: number) => tf.Tensor): (t: number) => tf.Tensor {
  const known = new Map<number, tf.Tensor>();
  return (t) => {
    const y = known.get(t) ?? f(t);
    known.set(t, y);
    return y;
  };
}
