// The parallel forward pass of a model under a strategy: all tokens at once, one trace a trajectory.
import * as tf from '@tensorflow/tfjs-core';
import { ConfigError } from '../config/parseOptions.ts';
import type { ExitRule } from '../exit/exitRule.ts';
import type { KvPolicy } from '../kv/kvPolicy.ts';
import { KvSession } from '../kv/kvSession.ts';
import { bindParams } from '../model/bind.ts';
import { assertSeq, type ModelConfig } from '../model/config.ts';
import type { Params } from '../model/params.ts';
import { runEstimated } from './gradient.ts';
import { assertStrategy, ownNames, stacksOf } from './layout.ts';
import { beginPass, planContext, plansOf } from './pass.ts';
import type { Inputs, Micro, Plan } from './plan.ts';
import type { State } from './state.ts';
import type { Ctx, Strategy } from './strategy.ts';
import { StrategyError } from './strategyError.ts';
import { makeTrace, type Trace } from './trace.ts';

export interface TraceOptions<S extends State = State> {
  readonly train: boolean;
  /** Loops to run; default `model.loops`. */
  readonly loops?: number;
  /** The strategy's scheduled hyper-parameters at this step. */
  readonly hp?: Readonly<Record<string, number>>;
  /** Random tensors by the names the strategy declares. */
  readonly noise?: Readonly<Record<string, tf.Tensor>>;
  /** Freezes tokens that are done; evaluation only. Saves no compute: generation does. */
  readonly exit?: ExitRule;
  /** Instead of the strategy's policy. */
  readonly kv?: KvPolicy;
  readonly carry?: NonNullable<Ctx<S>['carry']>;
  /** Recompute core calls in the backward pass instead of storing their insides. */
  readonly remat?: boolean;
  /** Told what each layer (from 0) of step `k`'s core call has made of its input, [batch, seq, width]; for probes, without `remat`. */
  readonly inspect?: (k: Micro, layer: number, x: tf.Tensor) => void;
  /**
   * Where to start instead of the strategy's `init` and the plan's first step: one for every trajectory, or one each.
   * The trace then begins there.
   */
  readonly from?: Start<S> | readonly (Start<S> | undefined)[];
}

/** A state that was reached before, from which a trajectory goes on. */
export interface Start<S extends State = State> {
  readonly state: S;
  /** Steps of the plan that it has behind it, which are left out; the others keep their `t`. */
  readonly steps: number;
}

/**
 * Runs every trajectory of `strategy` on a batch. Pure and traceable: no tensor is read, no number drawn.
 * @param params as from `initParams(paramSpecs(config, strategy), key)`
 * @throws StrategyError, ConfigError, MissingParamError
 */
export function runTrace<S extends State>(
  config: ModelConfig,
  strategy: Strategy<S>,
  params: Params,
  inputs: Inputs,
  options: TraceOptions<S>,
): Trace<S>[] {
  return runWithContext(config, strategy, params, inputs, options).traces;
}

/** As {@link runTrace}, with the context the strategy ran in, for {@link chosenTrajectory} and {@link renewedRows}. */
export function runWithContext<S extends State>(
  config: ModelConfig,
  strategy: Strategy<S>,
  params: Params,
  inputs: Inputs,
  options: TraceOptions<S>,
): { traces: Trace<S>[]; ctx: Ctx<S> } {
  assertStrategy(config, strategy);
  assertInputs(config, inputs);
  const { train, loops = config.loops, hp, exit } = options;
  if (!Number.isInteger(loops) || loops < 1)
    throw new ConfigError(`loops must be a whole number >= 1 (got ${loops}); set model.loops`);
  if (train && exit) throw new ConfigError('an exit rule applies to inference only; leave exit out when train is true');
  if (options.carry && !strategy.stages.some((s) => s.carry === 'rows')) {
    throw new StrategyError(
      `strategy ${strategy.id}: keeps no state between batches (no stage has carry: 'rows'); leave carry out`,
    );
  }
  const weights = bindParams(params, stacksOf(config, strategy), ownNames(config, strategy));
  const plans = plansOf(strategy, planContext(strategy, config, { loops, train, inputs, hp }));
  let ctx: Ctx<S> | undefined;
  const traces = plans.map((plan, i) => {
    const kv = new KvSession(options.kv ?? strategy.kv, inputs);
    const { noise, carry, remat, inspect } = options;
    const start = startOf(options.from, i);
    const from = start?.state;
    const e = ctx?.e; // trajectories share the prelude
    const given = { noise, carry, remat, inspect, e, from };
    const pass = beginPass({ config, strategy, weights, inputs, kv, loops, train, hp, ...given });
    ctx ??= pass.ctx;
    return makeTrace(pass, runEstimated(pass, restOf(strategy, plan, start), exit));
  });
  return { traces, ctx: ctx as Ctx<S> }; // there is a plan
}

/** Which trajectory the strategy picks for each row, int32 [batch, 1]; the first where it has no say. */
export function chosenTrajectory<S extends State>(
  strategy: Strategy<S>,
  traces: readonly Trace<S>[],
  ctx: Ctx<S>,
): tf.Tensor {
  const [batch = 0] = ctx.inputs.ids.shape;
  if (!strategy.choose || traces.length === 1) return tf.zeros([batch, 1], 'int32');
  return rowMask(strategy, 'choose', strategy.choose(traces.map(finalState), ctx), batch, 'int32');
}

/** Which rows are done and start anew with the next batch, float32 [batch, 1]; `trace` is the only trajectory. */
export function renewedRows<S extends State>(strategy: Strategy<S>, trace: Trace<S>, ctx: Ctx<S>): tf.Tensor {
  const [batch = 0] = ctx.inputs.ids.shape;
  const done = strategy.renew?.(finalState(trace), ctx) ?? tf.ones([batch, 1]);
  return rowMask(strategy, 'renew', done, batch, 'float32');
}

function finalState<S extends State>(trace: Trace<S>): S {
  return trace.states.at(-1) as S; // a trajectory has a step
}

function rowMask(
  strategy: Strategy,
  field: string,
  x: tf.Tensor,
  batch: number,
  dtype: 'int32' | 'float32',
): tf.Tensor {
  if (`${x.shape}` !== `${[batch, 1]}`)
    throw new StrategyError(
      `strategy ${strategy.id}: ${field}() returned [${x.shape}]; it must return one value a row, [${[batch, 1]}]`,
    );
  return tf.cast(x, dtype);
}

function startOf<S extends State>(from: TraceOptions<S>['from'], trajectory: number): Start<S> | undefined {
  return from && 'state' in from ? from : from?.[trajectory];
}

/** What is left of a plan after the steps that were made before. */
function restOf(strategy: Strategy, plan: Plan, start: Start | undefined): Plan {
  if (!start) return plan;
  const steps = plan.steps.slice(start.steps);
  if (!Number.isInteger(start.steps) || start.steps < 0 || steps.length === 0) {
    throw new StrategyError(
      `strategy ${strategy.id}: from has ${start.steps} steps behind it, the plan has ${plan.steps.length}; at least one must be left`,
    );
  }
  return { ...plan, steps };
}

function assertInputs(config: ModelConfig, inputs: Inputs): void {
  const { ids, keyMask, segments, depth } = inputs;
  if (ids.rank !== 2 || ids.dtype !== 'int32')
    throw new ConfigError(`ids must be int32 [batch, seq] (got ${ids.dtype} [${ids.shape}])`);
  for (const [name, x] of Object.entries({ keyMask, segments, depth })) {
    if (x && `${x.shape}` !== `${ids.shape}`)
      throw new ConfigError(`${name} must be [batch, seq] = [${ids.shape}] (got [${x.shape}])`);
  }
  assertSeq(config, ids.shape[1] ?? 0);
}
