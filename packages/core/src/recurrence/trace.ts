// What a trajectory left behind: the state after every step, and lazily what can be read from it.
import type * as tf from '@tensorflow/tfjs-core';
import { jacobianAlong } from './jacobian.ts';
import type { Pass } from './pass.ts';
import type { Micro, Plan } from './plan.ts';
import { detachState, type State, squaredChange } from './state.ts';

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
  /** As `halt`, of what going on is worth; undefined if the strategy has no `goOn`. */
  readonly goOn?: readonly tf.Tensor[] | undefined;
  /** Both logits, [batch, seq], of the state that the plan's steps `ahead` lead to; undefined if there are none. */
  readonly ahead?: { readonly halt: tf.Tensor; readonly goOn: tf.Tensor } | undefined;
  /** As `halt[t]`, from the state without its history: gradients reach the gate and nothing behind it. */
  detachedHalt(t: number): tf.Tensor;
  /** Logits [batch, seq, vocab] read from the state after loop `t`; computed once, when first asked for. */
  logits(t: number): tf.Tensor;
  /** Squared change of the first leaf in loop `t`, [batch, seq]; with a solver, the squared residual of its evaluation. */
  residual(t: number): tf.Tensor;
  /**
   * Squared length of the last step's derivative along a random unit-variance direction, per unit of width, [batch, seq];
   * computed when first asked for. Only where the strategy gives 'jacobian'.
   */
  readonly jacobian?: tf.Tensor | undefined;
}

export interface Steps<S extends State> {
  readonly plan: Plan;
  readonly initial: S;
  readonly states: readonly S[];
  readonly active: readonly (tf.Tensor | undefined)[];
  readonly terms: readonly Readonly<Record<string, tf.Tensor>>[];
  /** The state after the steps that look ahead. */
  readonly aheadState?: S;
  /** Squared residual of each loop, [batch, seq], where it is not the change between neighbouring states. */
  readonly residuals?: readonly tf.Tensor[];
  /** The last step: where it started and what came out, before anything was done with it. */
  readonly last?: LastStep<S>;
}

export interface LastStep<S extends State> {
  readonly k: Micro;
  readonly active: tf.Tensor | undefined;
  readonly before: S;
  readonly after: S;
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
  let goOn: tf.Tensor[] | undefined;
  let ahead: Trace<S>['ahead'];
  let jacobian: tf.Tensor | undefined;
  return {
    ...steps,
    get jacobian() {
      if (steps.last && pass.strategy.gives.includes('jacobian')) jacobian ??= jacobianAlong(pass, steps.last);
      return jacobian;
    },
    get halt() {
      halt ??= pass.strategy.halt ? states.map((s) => pass.halt(s)) : [];
      return halt;
    },
    get goOn() {
      if (pass.strategy.goOn) goOn ??= states.map((s) => pass.goOn(s));
      return goOn;
    },
    get ahead() {
      const s = steps.aheadState;
      if (s) ahead ??= { halt: pass.halt(s), goOn: pass.goOn(s) };
      return ahead;
    },
    detachedHalt,
    logits,
    residual: (t) => steps.residuals?.[t] ?? squaredChange(states[t - 1] ?? initial, at(t)),
  };
}

function memo(f: (t: number) => tf.Tensor): (t: number) => tf.Tensor {
  const known = new Map<number, tf.Tensor>();
  return (t) => {
    const y = known.get(t) ?? f(t);
    known.set(t, y);
    return y;
  };
}
