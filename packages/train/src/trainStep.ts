// One optimiser update as pure functions of tensors, ready to be compiled: loss, gradients, clipping, AdamW.
import {
  type Batch,
  type ModelConfig,
  type Noise,
  type ParamSpec,
  type Params,
  renewedRows,
  runWithContext,
  type Stage,
  type State,
  type Strategy,
  stopGradient,
  type Trace,
} from '@looplab/core';
import { valueAndGrad } from '@looplab/engine';
import type { Objective } from '@looplab/objectives';
import * as tf from '@tensorflow/tfjs-core';
import { type AdamWState, adamWInit, adamWUpdate } from './adamW.ts';
import { mapNamed, named } from './namedTensors.ts';
import type { TrainConfig } from './trainConfig.ts';

/** What an update changes: the parameters that train in this stage, and their moments. */
export interface TrainState {
  readonly params: Params;
  readonly optimiser: AdamWState;
}

/** What an update reports, float32 scalars. */
export interface StepMetrics {
  readonly loss: tf.Tensor;
  readonly terms: Readonly<Record<string, tf.Tensor>>;
  readonly gradNorm: tf.Tensor;
  /** Mean of each leaf of the last state, to tell where a value that is not finite comes from. */
  readonly states: Readonly<Record<string, tf.Tensor>>;
}

/** States that outlive an update, and which of their rows are done. */
export interface Carried {
  readonly state: State;
  /** float32 [batch, 1], 1 where the row takes up a new example. */
  readonly done: tf.Tensor;
}

/** What an update is given of earlier computation. */
export interface Given {
  /** For each trajectory the state it goes on from; null where it starts by itself. */
  readonly starts?: readonly (State | null)[];
  /** States of the last update; `fresh` [batch, 1] is 1 where the row has a new example. */
  readonly carry?: { readonly state: State; readonly fresh: tf.Tensor };
}

/** What an update is made for. */
export interface StepSetup {
  readonly model: ModelConfig;
  readonly strategy: Strategy;
  readonly objective: Objective;
  readonly specs: readonly ParamSpec[];
  readonly train: Pick<TrainConfig, 'beta1' | 'beta2' | 'eps' | 'weightDecay' | 'clipNorm' | 'remat'>;
  /** Applied to each batch. */
  readonly rewrite?: Stage['rewrite'];
  /** Loops of the update; default `model.loops`. */
  readonly loops?: number;
  /** The strategy's scheduled hyper-parameters. */
  readonly hp?: Readonly<Record<string, number>>;
  /** Steps behind each of `Given.starts`. */
  readonly behind?: readonly number[];
  /** Whether states are handed over to the next update. */
  readonly carries?: boolean;
}

/** The loss of a part of a batch, times the sum of its weights. */
export interface Part {
  readonly loss: tf.Tensor;
  readonly terms: Readonly<Record<string, tf.Tensor>>;
  /** Sum of the position weights of the part. */
  readonly weight: tf.Tensor;
  /** As `StepMetrics.states`. */
  readonly states: Readonly<Record<string, tf.Tensor>>;
}

/** Splits parameters into those whose name satisfies `trains`, with fresh moments, and the rest. */
export function trainState(params: Params, trains: (name: string) => boolean): { state: TrainState; frozen: Params } {
  const pick = (wanted: boolean): Params =>
    Object.fromEntries(Object.entries(params).filter(([name]) => trains(name) === wanted));
  const moving = pick(true);
  return { state: { params: moving, optimiser: adamWInit(moving) }, frozen: pick(false) };
}

/**
 * `(state, frozen, batch, noise, lr, given) -> [state, metrics, carried]`: a whole update in one graph. Compile it with
 * `donate: [0]`. `lr` is a float32 scalar tensor; gradients are taken of `state.params` only. `carried` is null unless
 * the setup carries states.
 */
export function trainStep(
  setup: StepSetup,
): (
  state: TrainState,
  frozen: Params,
  batch: Batch,
  noise: Noise,
  lr: tf.Tensor,
  given?: Given,
) => [TrainState, StepMetrics, Carried | null] {
  const gradients = lossAndGrads(setup, false);
  return (state, frozen, batch, noise, lr, given = {}) => {
    const { grads, part, carried } = gradients(state.params, frozen, batch, noise, given);
    return [...update(setup, state, grads, part, lr), carried];
  };
}

/**
 * `(grads, params, frozen, batch, noise, given) -> [grads, part]`: adds the gradient of one micro-batch, weighted by its scored
 * positions. Compile it with `donate: [0]`; start from {@link zerosFor}.
 */
export function accumulateStep(
  setup: StepSetup,
): (grads: Params, params: Params, frozen: Params, batch: Batch, noise: Noise, given?: Given) => [Params, Part] {
  const gradients = lossAndGrads(setup, true);
  return (sum, params, frozen, batch, noise, given = {}) => {
    const { grads, part } = gradients(params, frozen, batch, noise, given);
    return [mapNamed(sum, (g, name) => tf.add(g, named(grads, name))), part];
  };
}

/**
 * `(state, grads, parts, lr) -> [state, metrics]`: the update for accumulated gradients. The mean is over scored positions,
 * so it does not depend on how the batch was cut. Compile it with `donate: [0, 1]`.
 */
export function applyStep(
  setup: StepSetup,
): (state: TrainState, grads: Params, parts: readonly Part[], lr: tf.Tensor) => [TrainState, StepMetrics] {
  return (state, grads, parts, lr) => {
    const share = tf.div(1, tf.addN(parts.map((p) => p.weight)));
    const mean = (xs: tf.Tensor[]): tf.Tensor => tf.mul(tf.addN(xs), share);
    const names = Object.keys(parts[0]?.terms ?? {});
    const terms = names.map((name) => [name, mean(parts.map((p) => named(p.terms, name)))] as const);
    const leaves = Object.keys(parts[0]?.states ?? {});
    const states = leaves.map((name) => [name, tf.addN(parts.map((p) => named(p.states, name)))] as const);
    const whole = {
      loss: mean(parts.map((p) => p.loss)),
      terms: Object.fromEntries(terms),
      states: Object.fromEntries(states),
    };
    return update(
      setup,
      state,
      mapNamed(grads, (g) => tf.mul(g, share)),
      whole,
      lr,
    );
  };
}

type Gradients = (
  params: Params,
  frozen: Params,
  batch: Batch,
  noise: Noise,
  given: Given,
) => { grads: Params; part: Part; carried: Carried | null };

function lossAndGrads(setup: StepSetup, weighted: boolean): Gradients {
  const { model, strategy, objective, train, rewrite, behind = [], carries = false } = setup;
  const { loops = model.loops, hp = {} } = setup;
  type Aux = { part: Part; carried: Carried | null };
  const loss = (params: Params, frozen: Params, raw: Batch, noise: Noise, given: Given): [tf.Tensor, Aux] => {
    const batch = rewrite ? rewrite(raw) : raw;
    const from = given.starts?.map((state, i) => (state ? { state, steps: behind[i] ?? 0 } : undefined));
    const { traces, ctx } = runWithContext(model, strategy, { ...frozen, ...params }, batch, {
      ...{ train: true, loops, hp, noise, remat: train.remat },
      ...(from ? { from } : {}),
      ...(given.carry ? { carry: given.carry } : {}),
    });
    const { total, ...terms } = objective.terms(traces, batch, { train: true });
    const weight = tf.sum(batch.weights);
    const scaled = (x: tf.Tensor): tf.Tensor => (weighted ? tf.mul(x, weight) : x);
    const sum = scaled(total);
    const last = traces[0] as Trace; // a strategy plans at least one trajectory
    const carried = carries ? { state: lastState(last), done: stopGradient(renewedRows(strategy, last, ctx)) } : null;
    const part = { loss: sum, terms: mapNamed(terms, scaled), weight, states: stateMeans(traces) };
    return [sum, { part, carried }];
  };
  const differentiate = valueAndGrad(loss, { hasAux: true });
  return (params, frozen, batch, noise, given) => {
    const { grads, aux } = differentiate(params, frozen, batch, noise, given);
    return { grads, ...aux };
  };
}

function lastState(trace: Trace): State {
  return mapNamed(trace.states.at(-1) as State, stopGradient); // a trajectory has a step
}

/** The mean of each leaf after the last step, over all trajectories: finite only if every value is. */
function stateMeans(traces: readonly Trace[]): Readonly<Record<string, tf.Tensor>> {
  const means = traces.map((t) => mapNamed(lastState(t), (x) => tf.mean(tf.cast(x, 'float32'))));
  return means.reduce((a, b) => mapNamed(a, (x, name) => tf.add(x, named(b, name))));
}

function update(
  { train, specs }: StepSetup,
  state: TrainState,
  grads: Params,
  { loss, terms, states }: Pick<Part, 'loss' | 'terms' | 'states'>,
  lr: tf.Tensor,
): [TrainState, StepMetrics] {
  const next = adamWUpdate(state.params, grads, state.optimiser, {
    lr,
    specs,
    betas: [train.beta1, train.beta2],
    eps: train.eps,
    weightDecay: train.weightDecay,
    clipNorm: train.clipNorm === 0 ? Number.POSITIVE_INFINITY : train.clipNorm,
  });
  return [
    { params: next.params, optimiser: next.state },
    { loss, terms, gradNorm: next.gradNorm, states },
  ];
}
