// The leading steps of a plan that need no gradient, made by repeated calls of one function instead of in one graph.
import type * as tf from '@tensorflow/tfjs-core';
import { standsAlone } from '../kv/kvPolicy.ts';
import { KvSession } from '../kv/kvSession.ts';
import { bindParams } from '../model/bind.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Params } from '../model/params.ts';
import { unroll } from './driver.ts';
import { ownNames, stacksOf } from './layout.ts';
import { beginPass, type Pass, planContext, plansOf } from './pass.ts';
import type { Inputs, Micro, Plan } from './plan.ts';
import type { TraceOptions } from './runTrace.ts';
import type { State } from './state.ts';
import type { Strategy } from './strategy.ts';

type PrefixOptions = Pick<TraceOptions, 'loops' | 'hp' | 'noise'>;

/**
 * How many leading steps of a training plan are all alike and need no gradient, so that {@link repeatStep} can make them:
 * those without `grad`, if the strategy is `stationary`, its driver just makes them, none leaves terms, and every step
 * attends only to what it writes itself. At least
 * one step is left over.
 */
export function repeatableSteps(strategy: Strategy, plan: Plan): number {
  const { steps } = plan;
  const [first] = steps;
  if (!first || !strategy.stationary || strategy.driver !== unroll || strategy.active || strategy.terms || plan.depth)
    return 0;
  if (!steps.every((k) => standsAlone(strategy.kv, k.t))) return 0;
  const isAlike = (k: Micro): boolean => !k.grad && !k.inner && k.core === first.core && k.dt === first.dt;
  const count = steps.findIndex((k) => !isAlike(k));
  return count < 0 ? steps.length - 1 : count;
}

/** The trajectories of a training pass, as they are known before any batch. */
export function trainingPlans(
  config: ModelConfig,
  strategy: Strategy,
  { loops = config.loops, hp }: Pick<TraceOptions, 'loops' | 'hp'> = {},
): readonly Plan[] {
  return plansOf(strategy, planContext(strategy, config, { loops, train: true, hp }));
}

/**
 * Where trajectories start in training: the recurrence's input `e`, [batch, seq, dModel], and the state before the first
 * step of each of `trajectories`. Pure and traceable.
 */
export function beginTrajectories<S extends State>(
  config: ModelConfig,
  strategy: Strategy<S>,
  params: Params,
  inputs: Inputs,
  options: PrefixOptions & { readonly trajectories: readonly number[] },
): { e: tf.Tensor; states: S[] } {
  const pass = open(config, strategy, params, inputs, options);
  const { loops = config.loops, hp } = options;
  const plans = plansOf(strategy, planContext(strategy, config, { loops, train: true, inputs, hp }));
  return { e: pass.ctx.e, states: options.trajectories.map((i) => pass.init(plans[i] as Plan)) }; // the caller's contract
}

/**
 * `state` after `count` more steps like `k`, without gradient. Pure and traceable, and the same function for every
 * stretch of a plan for which {@link repeatableSteps} counts it.
 * @param e what {@link beginTrajectories} returned
 */
export function repeatStep<S extends State>(
  config: ModelConfig,
  strategy: Strategy<S>,
  params: Params,
  inputs: Inputs,
  at: { readonly e: tf.Tensor; readonly state: S; readonly k: Micro; readonly count: number },
  options: PrefixOptions = {},
): S {
  const pass = open(config, strategy, params, inputs, options, at.e);
  let { state } = at;
  for (let i = 0; i < at.count; i++) state = pass.advance(state, { ...at.k, grad: false }, undefined).state;
  return state;
}

function open<S extends State>(
  config: ModelConfig,
  strategy: Strategy<S>,
  params: Params,
  inputs: Inputs,
  { loops = config.loops, hp, noise }: PrefixOptions,
  e?: tf.Tensor,
): Pass<S> {
  const weights = bindParams(params, stacksOf(config, strategy), ownNames(config, strategy));
  const kv = new KvSession(strategy.kv, inputs);
  return beginPass({ config, strategy, weights, inputs, kv, loops, train: true, hp, noise, e });
}
