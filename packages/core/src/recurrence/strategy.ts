// A way of recurring: the plug-in that says what is carried, what a step computes, how deep, and what is read out.
import type * as tf from '@tensorflow/tfjs-core';
import type { ExitRule } from '../exit/exitRule.ts';
import type { KvPolicy } from '../kv/kvPolicy.ts';
import type { ModelConfig } from '../model/config.ts';
import type { CoreSpec, Init } from '../model/specs.ts';
import type { Key } from '../rng/random.ts';
import type { Driver } from './driver.ts';
import type { GradientEstimator } from './estimator.ts';
import type { Inputs, Micro, Plan, PlanContext } from './plan.ts';
import type { Stage } from './stage.ts';
import type { State } from './state.ts';

/** A parameter of a strategy. */
export interface StrategyParam {
  /** How the strategy asks for it: `ctx.model.param(name)`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Init;
  readonly decay: boolean;
  /** Its name in a checkpoint; default `strategy.<id>.<name>`. */
  readonly checkpoint?: string;
}

/** Random numbers that a forward pass needs as tensors, since a compiled function can draw none. */
export interface NoiseSpec {
  readonly name: string;
  /** One draw for each token, each row, or one for the batch; `shape` is the rest: [batch, seq, ...shape], [batch, 1, ...shape], shape. */
  readonly per: 'token' | 'row' | 'batch';
  readonly shape: readonly number[];
  readonly law: 'normal' | 'uniform';
}

/** The model as a strategy sees it: no loops, no depth, no cache. */
export interface Model {
  readonly config: ModelConfig;
  /** int32 [batch, seq] -> [batch, seq, dModel] */
  embed(ids: tf.Tensor): tf.Tensor;
  /** A mixture of embeddings: probabilities [batch, seq, vocab] -> [batch, seq, dModel] */
  embedSoft(probabilities: tf.Tensor): tf.Tensor;
  /** [batch, seq, dModel] -> the same; the identity without coda layers */
  coda(x: tf.Tensor): tf.Tensor;
  /** [batch, seq, dModel] -> logits [batch, seq, vocab] */
  head(x: tf.Tensor): tf.Tensor;
  /** One of the strategy's own parameters. */
  param(name: string): tf.Tensor;
}

/** Ways to vary a core call beyond its input. */
export interface CoreCall {
  /** Every layer makes its keys and values from this tensor instead of its input, [batch, seq, width]. */
  readonly kvSource?: tf.Tensor;
  /**
   * Factors on what each layer reads and writes, [layers, 4, width]: on the normed input of attention, on its output, on
   * the normed input of the feed-forward, on its output (time or step-size conditioning, adaLN).
   */
  readonly modulation?: tf.Tensor;
  /** Which of the core's low-rank adapters is added to its weights (`CoreSpec.adapters`); none if left out. */
  readonly variant?: number;
}

/** How one training update is to be made; see {@link Strategy.schedule}. */
export interface UpdatePlan {
  /** Loops of this update; default `model.loops`. */
  readonly loops?: number;
  /** Values for `ctx.hp`. Each distinct record is compiled, so take few values. */
  readonly hp?: Readonly<Record<string, number>>;
}

/** What a strategy may use while it runs. */
export interface Ctx<S extends State = State> extends PlanContext {
  readonly model: Model;
  readonly inputs: Inputs;
  /** The input of the recurrence, [batch, seq, dModel]: embedding and prelude. */
  readonly e: tf.Tensor;
  /** The core of the current step, with attention as the KV policy has it. A step calls it exactly once. */
  core(x: tf.Tensor, call?: CoreCall): tf.Tensor;
  /** A tensor of random numbers declared in `noise()`. */
  noise(name: string): tf.Tensor;
  /**
   * `x` [batch, seq, ...] of the token before, zeros for the first: a shift by one, which decoding continues across calls.
   * `name` tells several uses in one step apart. Only inside `step()`.
   */
  previousToken(x: tf.Tensor, name: string): tf.Tensor;
  /** The state kept from the last segment; `fresh` [batch, 1] is 1 where the row starts anew. */
  readonly carry?: { readonly state: S; readonly fresh: tf.Tensor } | undefined;
}

/**
 * What an objective can find in a strategy's traces beyond the last readout. `readouts`: every loop can be read.
 * `halt`: there is a halting gate. `goOn`: there is a second one for going on. `trajectories`: there are several. `ponder`, `router`: the steps leave terms of
 * these kinds (adaptive computation time; mixture of recursions). `jacobian`: the driver measures the step's Jacobian.
 * `latent`: positions can hold latent thoughts.
 */
export type TraceFeature = 'halt' | 'goOn' | 'readouts' | 'trajectories' | 'ponder' | 'router' | 'jacobian' | 'latent';

export interface Strategy<S extends State = State> {
  readonly id: string;
  /** Plain JSON from which `strategyById(id, options)` makes the strategy again. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly gives: readonly TraceFeature[];
  /** Cores with layers of their own; default one, Ouro's `core`. */
  cores?(config: ModelConfig): readonly CoreSpec[];
  params(config: ModelConfig): readonly StrategyParam[];
  noise?(config: ModelConfig, loops: number): readonly NoiseSpec[];
  /** How update `step` of `steps` is made: sampled depth, curricula. A pure function; all chance comes from `key`. */
  schedule?(at: { step: number; steps: number; key: Key; config: ModelConfig }): UpdatePlan;
  /** Throws a `StrategyError` if the model cannot be run this way. */
  check?(config: ModelConfig): void;
  plan(ctx: PlanContext): readonly Plan[];
  init(ctx: Ctx<S>, plan: Plan): S;
  /** [batch, seq] 0/1: which tokens compute step `k`; the state of the others is kept. Default: all. */
  active?(state: S, k: Micro, ctx: Ctx<S>): tf.Tensor;
  step(state: S, k: Micro, ctx: Ctx<S>): S;
  /** Halting logits [batch, seq] of a state; the probability of stopping here is their sigmoid. */
  halt?(state: S, ctx: Ctx<S>): tf.Tensor;
  /** Logits [batch, seq] of what going on is worth, where that is learned beside what stopping is (Q-learning). */
  goOn?(state: S, ctx: Ctx<S>): tf.Tensor;
  /** Quantities of a step that objectives weigh, such as a router's balance; scalars by name. */
  terms?(before: S, after: S, k: Micro, ctx: Ctx<S>): Readonly<Record<string, tf.Tensor>>;
  /** Logits [batch, seq, vocab] of a state. */
  read(state: S, ctx: Ctx<S>): tf.Tensor;
  /** Picks a trajectory for each row, [batch, 1] int32. */
  choose?(finals: readonly S[], ctx: Ctx<S>): tf.Tensor;
  /**
   * For states carried over optimiser steps: [batch, 1] 0/1, rows that are done, whose example and state are replaced
   * before the next update.
   */
  renew?(final: S, ctx: Ctx<S>): tf.Tensor;
  /**
   * Multiply-adds a token that step `k` spends on matrices other than the core's, for counted FLOPs. Default: every
   * 2-D parameter of its own once.
   */
  products?(config: ModelConfig, k: Micro): number;
  /** Multiply-adds of step `k` however many tokens there are, such as a modulation made of the loop's index. Default: none. */
  productsOnce?(config: ModelConfig, k: Micro): number;
  readonly kv: KvPolicy;
  readonly driver: Driver;
  readonly gradient: GradientEstimator;
  /**
   * `init`, `step` and `read` depend neither on `k.t` nor on `ctx.loops` or `ctx.hp`, so that a long stretch without gradient
   * can repeat one compiled step, and plans of different depths share the program of the steps with gradient.
   */
  readonly stationary?: true;
  /** Why decoding token by token differs from the parallel pass; left out where they are equal. */
  readonly inexact?: string;
  /** When a token stops in generation, unless the caller brings a rule of its own. */
  readonly exit: ExitRule;
  readonly stages: readonly Stage[];
}
