// One optimiser update as pure functions of tensors, ready to be compiled: loss, gradients, clipping, AdamW.
import {
  type Batch,
  type ModelConfig,
  type Noise,
  type ParamSpec,
  type Params,
  runTrace,
  type Strategy,
} from '@looplab/core';
import { valueAndGrad } from '@looplab/engine';
import type { Objective } from '@looplab/objectives';
import * as tf from '@tensorflow/tfjs-core';
import { type AdamWState, adamWInit, adamWUpdate } from './adamW.ts';
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
}

/** What an update is made for. */
export interface StepSetup {
  readonly model: ModelConfig;
  readonly strategy: Strategy;
  readonly objective: Objective;
  readonly specs: readonly ParamSpec[];
  readonly train: Pick<TrainConfig, 'beta1' | 'beta2' | 'eps' | 'weightDecay' | 'clipNorm' | 'remat'>;
}

/** The loss of a part of a batch, times the sum of its weights. */
export interface Part {
  readonly loss: tf.Tensor;
  readonly terms: Readonly<Record<string, tf.Tensor>>;
  /** Sum of the position weights of the part. */
  readonly weight: tf.Tensor;
}

/** Splits parameters into those whose name satisfies `trains`, with fresh moments, and the rest. */
export function trainState(params: Params, trains: (name: string) => boolean): { state: TrainState; frozen: Params } {
  const pick = (wanted: boolean): Params =>
    Object.fromEntries(Object.entries(params).filter(([name]) => trains(name) === wanted));
  const moving = pick(true);
  return { state: { params: moving, optimiser: adamWInit(moving) }, frozen: pick(false) };
}

/**
 * `(state, frozen, batch, noise, lr) -> [state, metrics]`: a whole update in one graph. Compile it with `donate: [0]`.
 * `lr` is a float32 scalar tensor; gradients are taken of `state.params` only.
 */
export function trainStep(
  setup: StepSetup,
): (state: TrainState, frozen: Params, batch: Batch, noise: Noise, lr: tf.Tensor) => [TrainState, StepMetrics] {
  const gradients = lossAndGrads(setup, false);
  return (state, frozen, batch, noise, lr) => {
    const { grads, part } = gradients(state.params, frozen, batch, noise);
    return update(setup, state, grads, part, lr);
  };
}

/**
 * `(grads, params, frozen, batch, noise) -> [grads, part]`: adds the gradient of one micro-batch, weighted by its scored
 * positions. Compile it with `donate: [0]`; start from {@link zeroGrads}.
 */
export function accumulateStep(
  setup: StepSetup,
): (grads: Params, params: Params, frozen: Params, batch: Batch, noise: Noise) => [Params, Part] {
  const gradients = lossAndGrads(setup, true);
  return (sum, params, frozen, batch, noise) => {
    const { grads, part } = gradients(params, frozen, batch, noise);
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
    const whole = { loss: mean(parts.map((p) => p.loss)), terms: Object.fromEntries(terms) };
    return update(
      setup,
      state,
      mapNamed(grads, (g) => tf.mul(g, share)),
      whole,
      lr,
    );
  };
}

/** Where accumulation starts. */
export function zeroGrads(params: Params): Params {
  return mapNamed(params, (p) => tf.zeros(p.shape, 'float32'));
}

function lossAndGrads(
  { model, strategy, objective, train }: StepSetup,
  weighted: boolean,
): (params: Params, frozen: Params, batch: Batch, noise: Noise) => { grads: Params; part: Part } {
  const loss = (params: Params, frozen: Params, batch: Batch, noise: Noise): [tf.Tensor, Part] => {
    const all = { ...frozen, ...params };
    const traces = runTrace(model, strategy, all, batch, { train: true, noise, remat: train.remat });
    const { total, ...terms } = objective.terms(traces, batch, { train: true });
    const weight = tf.sum(batch.weights);
    if (!weighted) return [total, { loss: total, terms, weight }];
    const scaled = mapNamed(terms, (x) => tf.mul(x, weight));
    const sum = tf.mul(total, weight);
    return [sum, { loss: sum, terms: scaled, weight }];
  };
  const differentiate = valueAndGrad(loss, { hasAux: true });
  return (params, frozen, batch, noise) => {
    const { grads, aux } = differentiate(params, frozen, batch, noise);
    return { grads, part: aux };
  };
}

function update(
  { train, specs }: StepSetup,
  state: TrainState,
  grads: Params,
  { loss, terms }: Pick<Part, 'loss' | 'terms'>,
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
    { loss, terms, gradNorm: next.gradNorm },
  ];
}

function mapNamed(tensors: Params, f: (x: tf.Tensor, name: string) => tf.Tensor): Params {
  return Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, f(x, name)]));
}

function named(tensors: Params, name: string): tf.Tensor {
  const x = tensors[name];
  if (!x) throw new Error(`no tensor '${name}'`);
  return x;
}
