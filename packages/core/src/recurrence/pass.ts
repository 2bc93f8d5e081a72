// One forward pass of one trajectory: the context a strategy runs in and the single step everything is made of.
import { embedding, linear, type RopeTables, remat, ropeTables } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { type KvPolicy, viewsAt } from '../kv/kvPolicy.ts';
import { type KvAccess, KvSession } from '../kv/kvSession.ts';
import type { StackWeights, Weights } from '../model/bind.ts';
import { assertSeq, type ModelConfig } from '../model/config.ts';
import { CODA, PRELUDE, type StackShape } from '../model/specs.ts';
import { applyStack, type StackCall } from '../model/stack.ts';
import { gradientTail } from './estimator.ts';
import { stacksOf } from './layout.ts';
import type { Inputs, Micro, Plan, PlanContext } from './plan.ts';
import { assertSameState, assertState, detachState, freeze, inOrderOf, type State } from './state.ts';
import { stopGradient } from './stopGradient.ts';
import type { CoreCall, Ctx, Model, Strategy } from './strategy.ts';
import { StrategyError } from './strategyError.ts';

export interface PassSetup<S extends State> {
  readonly config: ModelConfig;
  readonly strategy: Strategy<S>;
  readonly weights: Weights;
  readonly inputs: Inputs;
  readonly kv: KvAccess;
  readonly loops: number;
  readonly train: boolean;
  readonly hp?: Readonly<Record<string, number>> | undefined;
  readonly noise?: Readonly<Record<string, tf.Tensor>> | undefined;
  readonly carry?: Ctx<S>['carry'];
  /** The prelude's output, if it has been computed already. */
  readonly e?: tf.Tensor | undefined;
  /** Rotary tables for a head width; default: positions from 0. */
  readonly rope?: ((dHead: number) => RopeTables) | undefined;
  /** Recompute each core call in the backward pass instead of storing its inside. */
  readonly remat?: boolean | undefined;
  /** How `previousToken` continues across passes; default: before the first token there is nothing. */
  readonly previous?: PreviousTokens | undefined;
  /** Told what each layer of step `k`'s core call has made of its input; not where the call is recomputed. */
  readonly inspect?: ((k: Micro, layer: number, x: tf.Tensor) => void) | undefined;
  /** Start from this state instead of the strategy's `init`. */
  readonly from?: S | undefined;
}

/** What the tokens before a pass of one step showed to those after them, and what its own tokens show. */
export interface PreviousTokens {
  /** [batch, 1, ...] of the last token before the pass; undefined for zeros. */
  before(name: string): tf.Tensor | undefined;
  /** Called with what each token shows, [batch, seq, ...], padding blanked. */
  show(name: string, x: tf.Tensor): void;
}

/** Every tensor that a step can read besides the state. */
type PassReads<S extends State> = Pick<PassSetup<S>, 'weights' | 'inputs' | 'noise' | 'carry' | 'e'>;

export interface Pass<S extends State> {
  readonly ctx: Ctx<S>;
  readonly strategy: Strategy<S>;
  readonly kv: KvPolicy;
  /** What its steps read. */
  readonly reads: PassReads<S>;
  /** The same pass over other tensors, with attention that starts anew. */
  over(reads: PassReads<S>): Pass<S>;
  init(plan: Plan): S;
  /** Step `k`; tokens whose `active` is 0 keep their state. */
  advance(
    state: S,
    k: Micro,
    active: tf.Tensor | undefined,
  ): { readonly state: S; readonly terms: Readonly<Record<string, tf.Tensor>> };
  /** Halting logits [batch, seq]; throws if the strategy has none. */
  halt(state: S): tf.Tensor;
  /** Logits of what going on is worth, [batch, seq]; throws if the strategy does not say. */
  goOn(state: S): tf.Tensor;
  /** Logits [batch, seq, vocab]. */
  read(state: S): tf.Tensor;
}

/** What a plan may depend on; see {@link PlanContext}. */
export function planContext(
  strategy: Strategy,
  config: ModelConfig,
  options: {
    loops: number;
    train: boolean;
    inputs?: Inputs | undefined;
    hp?: Readonly<Record<string, number>> | undefined;
  },
): PlanContext {
  const { loops, train, inputs, hp } = options;
  return {
    config,
    loops,
    train,
    inputs,
    hp: (name) => {
      const value = hp?.[name];
      if (value === undefined)
        throw new StrategyError(`strategy ${strategy.id}: hp('${name}') was not given; pass hp: { ${name}: ... }`);
      return value;
    },
  };
}

/** The strategy's plans, checked; an estimator that differentiates a fixed number of steps says in training which. */
export function plansOf(strategy: Strategy, ctx: PlanContext): readonly Plan[] {
  const plans = strategy.plan(ctx);
  if (plans.length === 0)
    throw new StrategyError(`strategy ${strategy.id}: plan() returned no trajectory; return at least one`);
  for (const p of plans) {
    const end = p.steps.findLastIndex((k) => !k.ahead);
    if (p.steps.slice(0, end + 1).some((k) => k.ahead) || (end < 0 && p.steps.length > 0)) {
      throw new StrategyError(
        `strategy ${strategy.id}: plan() looks ahead before its end; only the last steps may have ahead`,
      );
    }
    if (p.steps[end]?.inner) {
      throw new StrategyError(
        `strategy ${strategy.id}: plan() ends in an inner step, which nobody reads; leave inner out of the last step`,
      );
    }
    if (p.steps.length === 0) {
      throw new StrategyError(
        `strategy ${strategy.id}: plan() returned a trajectory of 0 steps for loops = ${ctx.loops}; a trajectory needs at least one step`,
      );
    }
  }
  if (!ctx.train) return plans.map((p) => ({ ...p, steps: p.steps.filter((k) => !k.ahead) })); // targets are made of them
  const tail = gradientTail(strategy.gradient);
  if (tail === undefined) return plans;
  return plans.map((p) => {
    const from = p.steps.length - tail;
    if (from < 0 || p.steps.some((k) => k.inner || k.ahead)) {
      throw new StrategyError(
        `strategy ${strategy.id}: gradient ${JSON.stringify(strategy.gradient)} needs a plan of at least ${tail} steps, none of them inner or ahead (got ${p.steps.length}); raise model.loops or choose 'bptt'`,
      );
    }
    return { ...p, steps: p.steps.map((k, i) => ({ ...k, grad: i >= from })) };
  });
}

export function beginPass<S extends State>(setup: PassSetup<S>): Pass<S> {
  const { config, strategy, weights, inputs, kv } = setup;
  const [batch, seq] = inputs.ids.shape as [number, number];
  assertSeq(config, seq);
  const stacks = stacksOf(config, strategy);
  const tables = ropeOf(config, seq, setup.rope);
  const fail = (message: string): never => {
    throw new StrategyError(`strategy ${strategy.id}: ${message}`);
  };
  let now: { k: Micro; active: tf.Tensor | undefined; calls: number } | undefined;

  const shaped = (
    stack: string,
  ): { shape: StackShape; w: StackWeights; heads: number; eps: number; rope: RopeTables } => {
    const shape = stacks[stack] as StackShape; // callers check
    const w = weights.stacks[stack] as StackWeights; // bound from the same shapes
    return { shape, w, heads: shape.heads, eps: config.normEps, rope: tables(shape.dModel / shape.heads) };
  };
  const once = (stack: string, x: tf.Tensor): tf.Tensor => {
    if (!(stack in stacks)) return x;
    const s = shaped(stack);
    return applyStack(s.w, x, s, kv.once(stack));
  };
  let planned: Plan | undefined;
  /** Steps of the same core that come after `k`. */
  const later = (k: Micro): number[] =>
    (planned?.steps ?? []).filter((u) => u.core === k.core && u.t > k.t).map((u) => u.t);
  const core = (x: tf.Tensor, call: CoreCall = {}): tf.Tensor => {
    if (!now) return fail('core() was called outside step(); only a step computes');
    const { k, active } = now;
    if (!(k.core in stacks) || k.core === PRELUDE || k.core === CODA)
      fail(`plan() names the core '${k.core}', which cores() does not declare`);
    const s = shaped(k.core);
    const width = s.shape.dModel;
    const check = (what: string, given: tf.Tensor | undefined, want: readonly number[]): void => {
      if (given && `${given.shape}` !== `${want}`)
        fail(`core() was given ${what}[${given.shape}]; the core '${k.core}' takes ${what}[${want}]`);
    };
    check('', x, [batch, seq, width]);
    check('kvSource ', call.kvSource, [batch, seq, width]);
    check('modulation ', call.modulation, [s.shape.layers, 4, width]);
    if (viewsAt(kv.policy, k.t).length > 1 && !s.shape.viewGate) {
      fail(
        `kv policy ${kv.policy.id} reads two views in step ${k.t}, for which the core '${k.core}' has no gate; set viewGate: true in cores()`,
      );
    }
    const { variant, ...vary } = call;
    const variants = s.w.variants.length;
    const layers = variant === undefined ? s.w.layers : s.w.variants[variant];
    if (!layers) {
      return fail(
        `core() was called with variant ${variant}, but the core '${k.core}' has ${variants} adapters; set adapters: { variants: ${(variant ?? 0) + 1}, rank } in cores()`,
      );
    }
    const w: StackWeights = { layers, variants: [], norm: s.w.norm };
    now.calls++;
    const alone = setup.remat === true && planned ? kv.selfContained(k.t, later(k), active) : undefined;
    if (alone) {
      // Everything the call reads is an argument: recomputation may close over nothing. A mask has no gradient.
      const again = (
        w: StackWeights,
        input: tf.Tensor,
        vary: StackCall,
        rope: RopeTables,
        mask: tf.Tensor | undefined,
      ): tf.Tensor => applyStack(w, input, { ...s, rope }, alone.attend(mask && stopGradient(mask)), vary);
      return remat(again)(w, x, vary, s.rope, alone.mask);
    }
    const inspect = setup.inspect && ((layer: number, y: tf.Tensor) => setup.inspect?.(k, layer, y));
    return applyStack(w, x, { ...s, inspect }, kv.step(k.core, k.t, { active, detach: !k.grad }), vary);
  };
  const model: Model = {
    config,
    embed: (ids) => embedding(weights.embed, ids),
    embedSoft: (p) =>
      tf.reshape(tf.matMul(tf.reshape(p, [batch * seq, config.vocab]), weights.embed), [batch, seq, config.dModel]),
    coda: (x) => once(CODA, x),
    head: (x) => linear(x, weights.head),
    param: (name) => {
      const declared = Object.keys(weights.own);
      return (
        weights.own[name] ??
        fail(`param('${name}') is not declared; add it to params() (declared: ${declared.join(', ') || 'none'})`)
      );
    },
  };
  const ctx: Ctx<S> = {
    ...planContext(strategy, config, { loops: setup.loops, train: setup.train, hp: setup.hp }),
    inputs,
    model,
    e: setup.e ?? once(PRELUDE, model.embed(inputs.ids)),
    core,
    noise: (name) =>
      setup.noise?.[name] ??
      fail(`noise('${name}') was not given; declare it in noise() and pass noise: { ${name}: ... }`),
    previousToken: (x, name) => {
      if (!now) return fail(`previousToken('${name}') was called outside step()`);
      const [b, s, ...rest] = x.shape as [number, number, ...number[]];
      const { keyMask } = inputs;
      const shown = keyMask ? tf.mul(x, tf.reshape(keyMask, [b, s, ...rest.map(() => 1)])) : x;
      setup.previous?.show(name, shown);
      const first = setup.previous?.before(name) ?? tf.zeros([b, 1, ...rest]);
      if (s === 1) return first;
      const before = tf.concat([first, tf.slice(shown, [0, 0], [-1, s - 1])], 1);
      const { segments } = inputs;
      if (!segments) return before;
      const next = tf.equal(tf.slice(segments, [0, 1], [-1, -1]), tf.slice(segments, [0, 0], [-1, s - 1]));
      const goesOn = tf.concat([tf.zeros([b, 1]), tf.cast(next, 'float32')], 1); // 0 where a text begins
      return tf.mul(before, tf.reshape(goesOn, [b, s, ...rest.map(() => 1)]));
    },
    carry: setup.carry,
  };

  const logit = (field: string, z: tf.Tensor): tf.Tensor => {
    if (`${z.shape}` !== `${[batch, seq]}`)
      fail(`${field}() returned [${z.shape}]; it must return one logit a token, [${[batch, seq]}]`);
    return z;
  };
  const reads: PassReads<S> = { weights, inputs, noise: setup.noise, carry: setup.carry, e: ctx.e };
  return {
    ctx,
    strategy,
    kv: kv.policy,
    reads,
    over: (other) =>
      beginPass({
        ...setup,
        ...other,
        kv: new KvSession(kv.policy, other.inputs),
        remat: false,
        inspect: undefined,
      }),
    init: (plan) => {
      planned = plan;
      const state = setup.from ?? strategy.init(ctx, plan);
      assertState(strategy.id, setup.from ? 'from' : 'init()', state, batch, seq);
      return state;
    },
    advance: (state, k, active) => {
      now = { k, active, calls: 0 };
      const made = strategy.step(state, k, ctx);
      if (now.calls !== 1)
        fail(
          `step ${k.t} called core() ${now.calls} times; a step is one core call, plan() says how many steps there are`,
        );
      now = undefined;
      assertSameState(strategy.id, `step ${k.t}`, state, made);
      const next = inOrderOf(state, made);
      const kept = active ? freeze(active, state, next) : next;
      const terms = strategy.terms?.(state, kept, k, ctx) ?? {};
      if (k.grad) return { state: kept, terms };
      return {
        state: detachState(kept),
        terms: Object.fromEntries(Object.entries(terms).map(([n, x]) => [n, stopGradient(x)])),
      };
    },
    halt: (state) =>
      logit(
        'halt',
        strategy.halt?.(state, ctx) ??
          fail('has no halting gate (no halt()); choose a strategy with one, such as loopLM'),
      ),
    goOn: (state) =>
      logit('goOn', strategy.goOn?.(state, ctx) ?? fail('plans steps ahead, but has no goOn(); add it or drop them')),
    read: (state) => {
      const y = strategy.read(state, ctx);
      const want = [batch, seq, config.vocab];
      if (`${y.shape}` !== `${want}`) fail(`read() returned [${y.shape}]; it must return logits [${want}]`);
      return y;
    },
  };
}

function ropeOf(config: ModelConfig, seq: number, given: PassSetup<State>['rope']): (dHead: number) => RopeTables {
  if (given) return given;
  const made = new Map<number, RopeTables>();
  return (dHead) => {
    const known = made.get(dHead) ?? ropeTables(seq, dHead, config.ropeTheta);
    made.set(dHead, known);
    return known;
  };
}
