// A way of recurring: the plug-in that says what is carried, what a step computes, how deep, and what is read out.
import type * as tf from '@tensorflow/tfjs-core';
import type { ExitRule } from '../exit/exitRule.ts';
import type { KvPolicy } from '../kv/kvPolicy.ts';
import type { ModelConfig } from '../model/config.ts';
import type { CoreSpec, Init } from '../model/specs.ts';
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
  /** Keys and values come from this tensor instead of the input, [batch, seq, width]. */
  readonly kvSource?: tf.Tensor;
  /** Modulates the norms (time or step-size conditioning). */
  readonly modulation?: tf.Tensor;
  /** Which set of adapter weights to use. */
  readonly variant?: number;
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
  /** The state kept from the last segment; `fresh` [batch, 1] is 1 where the row starts anew. */
  readonly carry?: { readonly state: S; readonly fresh: tf.Tensor } | undefined;
}

/** How gradients get through the recurrence. */
export type GradientEstimator = 'bptt' | 'implicit' | { readonly phantom: number; readonly tau: number };

/** What an objective can find in a strategy's traces beyond the last readout. */
export type TraceFeature = 'halt' | 'readouts' | 'trajectories';

export interface Strategy<S extends State = State> {
  readonly id: string;
  /** Plain JSON from which `strategyById(id, options)` makes the strategy again. */
  readonly options: Readonly<Record<string, unknown>>;
  /** `readouts`: every step can be read out. `halt`: there is a halting gate. `trajectories`: there are several. */
  readonly gives: readonly TraceFeature[];
  /** Cores with layers of their own; default one, Ouro's `core`. */
  cores?(config: ModelConfig): readonly CoreSpec[];
  params(config: ModelConfig): readonly StrategyParam[];
  noise?(config: ModelConfig, shape: { batch: number; seq: number; loops: number }): readonly NoiseSpec[];
  /** Throws a `StrategyError` if the model cannot be run this way. */
  check?(config: ModelConfig): void;
  plan(ctx: PlanContext): readonly Plan[];
  init(ctx: Ctx<S>, plan: Plan): S;
  /** [batch, seq] 0/1: which tokens compute step `k`; the state of the others is kept. Default: all. */
  active?(state: S, k: Micro, ctx: Ctx<S>): tf.Tensor;
  step(state: S, k: Micro, ctx: Ctx<S>): S;
  /** Halting logits [batch, seq] of a state; the probability of stopping here is their sigmoid. */
  halt?(state: S, ctx: Ctx<S>): tf.Tensor;
  /** Loss terms that belong to a step, such as a router's balance; scalars. */
  terms?(before: S, after: S, k: Micro, ctx: Ctx<S>): Readonly<Record<string, tf.Tensor>>;
  /** Logits [batch, seq, vocab] of a state. */
  read(state: S, ctx: Ctx<S>): tf.Tensor;
  /** Picks a trajectory for each row, [batch, 1] int32. */
  choose?(finals: readonly S[], ctx: Ctx<S>): tf.Tensor;
  readonly kv: KvPolicy;
  readonly driver: string;
  readonly gradient: GradientEstimator;
  /** A step reads what the token before made of an earlier step. */
  readonly tokenLag?: number;
  /** When a token stops in generation, unless the caller brings a rule of its own. */
  readonly exit: ExitRule;
  readonly stages: readonly Stage[];
}
