// Depth as data: which core calls a forward pass makes, and which of them carry gradient.
import type * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model/config.ts';
import { CORE } from '../model/specs.ts';

/** One call of a core. */
export interface Micro {
  /** Which core; `core` is Ouro's. */
  readonly core: string;
  /** Position in the trajectory, from 0; depth masks and KV policies count in it. */
  readonly t: number;
  /** Step size, for strategies that condition on it. */
  readonly dt?: number;
  /** An inner step of a loop: nothing is read after it, no loss, no exit. A trace counts the steps without this. */
  readonly inner?: true;
  /**
   * Made after the end of the trajectory and without gradient, to see what going on would be worth: training targets are
   * made of it (`Trace.ahead`), nobody reads it, and it is no loop. Only at the end of a plan.
   */
  readonly ahead?: true;
  /** False cuts the gradient: nothing behind this step's result is visited by the backward pass. */
  readonly grad: boolean;
}

/** Whether step `k` ends a loop: what it leads to is read, and a token may stop there. */
export function isLoop(k: Micro): boolean {
  return !k.inner && !k.ahead;
}

/** One trajectory. A strategy may plan several, such as a long and a short one to be made consistent. */
export interface Plan {
  readonly steps: readonly Micro[];
  /** [batch, seq] float32 or int32: a token is frozen from step `t >= depth` on. */
  readonly depth?: tf.Tensor | undefined;
  readonly tag?: string;
}

/** What a forward pass is given. */
export interface Inputs {
  /** int32 [batch, seq] */
  readonly ids: tf.Tensor;
  /** float32 [batch, seq], 0 where a token is padding and must not be attended to. */
  readonly keyMask?: tf.Tensor;
  /** int32 [batch, seq]: which of several texts in its row a token belongs to. It sees no other; parallel passes only. */
  readonly segments?: tf.Tensor;
  /** [batch, seq]: how many loops each token gets, for strategies that take depth from the data. */
  readonly depth?: tf.Tensor;
  /** float32 [batch, seq], 1 where a position holds a latent thought instead of its token (Coconut). */
  readonly latent?: tf.Tensor;
  /**
   * In training, what the model should answer and how much each position counts (see {@link Batch}): for strategies
   * whose choices an oracle makes, such as who thinks on. Never for predictions.
   */
  readonly targets?: tf.Tensor;
  readonly weights?: tf.Tensor;
}

/** Inputs with what the model should answer. */
export interface Batch extends Inputs {
  /** int32 [batch, seq], already aligned with `ids`. */
  readonly targets: tf.Tensor;
  /** float32 [batch, seq]: how much each position counts; 0 = not scored. */
  readonly weights: tf.Tensor;
  /** int32 [batch, seq]: s >= 1 where the target is step s of a written chain of thought, else 0. */
  readonly steps?: tf.Tensor;
  /** What each loop should say, for objectives that supervise loop t by step t of the chain. */
  readonly chain?: {
    /** int32 [batch, seq, loops] */
    readonly targets: tf.Tensor;
    /** float32 [batch, seq, loops] */
    readonly weights: tf.Tensor;
  };
}

/** What a plan may depend on: numbers and shapes, no tensor values, so that it can be made without running anything. */
export interface PlanContext {
  readonly config: ModelConfig;
  /** How many loops were asked for: `model.loops` unless the caller says otherwise. */
  readonly loops: number;
  readonly train: boolean;
  readonly inputs?: Inputs | undefined;
  /** A hyper-parameter that the strategy's `schedule` sets; in training only. Throws if it was not given. */
  hp(name: string): number;
}

/** `loops` calls of the one core; gradient flows through the last `grad` of them. */
export function loopPlan(loops: number, grad: number = loops): Plan {
  return { steps: Array.from({ length: loops }, (_, t) => ({ core: CORE, t, grad: t >= loops - grad })) };
}
