// The computations of cached decoding, pure functions over trees of tensors, so that each can be compiled.
import type { RopeTables } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { ExitMemory, ExitRule } from '../exit/exitRule.ts';
import { CachedSession, type PastView } from '../kv/cachedSession.ts';
import type { KvPolicy } from '../kv/kvPolicy.ts';
import type { KvSlot } from '../kv/kvSlots.ts';
import type { Weights } from '../model/bind.ts';
import type { ModelConfig } from '../model/config.ts';
import { CODA, PRELUDE } from '../model/specs.ts';
import type { DriverMemory } from '../recurrence/driver.ts';
import type { Noise } from '../recurrence/noise.ts';
import { beginPass, type Pass, type PreviousTokens } from '../recurrence/pass.ts';
import { type Inputs, isLoop, type Plan } from '../recurrence/plan.ts';
import { exitView, liveMask } from '../recurrence/runPlan.ts';
import { inOrderOf, mapState, type State } from '../recurrence/state.ts';
import type { Strategy } from '../recurrence/strategy.ts';
import type { StepKind } from './stepKind.ts';

/** What stays the same for a decoder's whole life. */
export interface DecodeSetup {
  readonly config: ModelConfig;
  readonly strategy: Strategy;
  readonly kv: KvPolicy;
  readonly exit: ExitRule;
  readonly loops: number;
  readonly hp?: Readonly<Record<string, number>> | undefined;
}

/** Some rows' new tokens; every tensor starts with [rows, seq] unless it says otherwise. */
export interface Given {
  readonly inputs: Inputs;
  /** The prelude's output, in models that have one. */
  readonly e?: tf.Tensor | undefined;
  /** The strategy's and the exit rule's. */
  readonly noise: Noise;
  /** Rotary tables by head width: of each token, [rows * seq, dHead / 2], or of positions that all rows share. */
  readonly rope: Readonly<Record<string, RopeTables>>;
}

/** What the tokens before showed, [rows, 1, ...], by name. */
export type Before = Readonly<Record<string, tf.Tensor>>;

function open(setup: DecodeSetup, w: Weights, given: Given, kv: CachedSession, previous?: PreviousTokens): Pass<State> {
  const { config, strategy, loops, hp } = setup;
  const { inputs, e, noise, rope } = given;
  const tables = (dHead: number): RopeTables => rope[dHead] as RopeTables; // made for every stack
  return beginPass({
    config,
    strategy,
    weights: w,
    inputs,
    kv,
    loops,
    train: false,
    hp,
    noise,
    e,
    rope: tables,
    previous,
  });
}

/** Embedding and prelude. */
export function decodeBegin(
  setup: DecodeSetup,
  w: Weights,
  given: Given,
  past: PastView | undefined,
): { e: tf.Tensor; written: KvSlot } {
  const kv = new CachedSession(setup.kv, { keyMask: given.inputs.keyMask, past: () => (past ? [past] : []) });
  const pass = open(setup, w, given, kv);
  return { e: pass.ctx.e, written: kv.written.get(PRELUDE) as KvSlot }; // only called with a prelude
}

/** What a token takes along from step to step. */
export interface Carried {
  readonly state: State;
  readonly driven: DriverMemory;
  /** The exit rule's. */
  readonly memory: ExitMemory;
}

/** What a step works on. */
export interface StepRows {
  /** Whether the exit rule may stop tokens; if not, it is not asked. */
  readonly mayExit: boolean;
  /** Whether logits are read after the step. */
  readonly reads: boolean;
  /** Left out where every row begins with this step. */
  readonly carried?: Carried | undefined;
  /** float32 [rows], 1 where a row begins with this step; left out where only `carried` tells. */
  readonly fresh?: tf.Tensor | undefined;
  /** The state where the loop began, if an inner step came since. */
  readonly since?: State | undefined;
  /** float32: the number of the loop this step belongs to, from 1. */
  readonly loop: tf.Tensor;
  /** float32, 1 where a token has stopped; left out where none has. */
  readonly stopped?: tf.Tensor | undefined;
  /** What the tokens wrote last in this core, where some of them may not compute. */
  readonly latest?: KvSlot | undefined;
  readonly before: Before;
  /** What each of the step's views shows of the cache. */
  readonly past: readonly PastView[];
  /** What the coda sees of the cache, if logits are read after the step. */
  readonly coda?: PastView | undefined;
}

export interface StepResult {
  readonly carried: Carried;
  /** The plan's `init`, if the step is an inner one with which rows begin. */
  readonly begun?: State | undefined;
  /** 1 where the exit rule stops a token now; left out after inner steps and where it is not asked. */
  readonly done?: tf.Tensor | undefined;
  readonly written?: KvSlot | undefined;
  /** What the step's tokens show to those after them, by name. */
  readonly shown: Readonly<Record<string, tf.Tensor>>;
  /** Logits and the coda's keys, if they were read. */
  readonly logits?: tf.Tensor | undefined;
  readonly coda?: KvSlot | undefined;
}

/** One step, begun with the plan's `init` for rows that are new. */
export function decodeStep(
  setup: DecodeSetup,
  w: Weights,
  named: { readonly kind: StepKind; readonly plan: Plan },
  given: Given,
  rows: StepRows,
): StepResult {
  const { exit, config, strategy } = setup;
  const { driver } = strategy;
  const { kind, plan } = named;
  const { k } = kind;
  const shown: Record<string, tf.Tensor> = {};
  const kv = new CachedSession(kind.policy, {
    keyMask: given.inputs.keyMask,
    past: (stack) => (stack === CODA ? (rows.coda ? [rows.coda] : []) : rows.past),
    latest: rows.latest,
  });
  const pass = open(setup, w, given, kv, {
    before: (name) => rows.before[name],
    show: (name, x) => {
      shown[name] = x;
    },
  });
  const [batch, seq] = given.inputs.ids.shape as [number, number];
  const loops = plan.steps.filter(isLoop).length;
  const { carried, fresh } = rows;
  const begins = !carried || fresh !== undefined;
  const initial = pass.init(plan);
  const start: Carried = {
    state: initial,
    driven: driver.init(initial),
    memory: rows.mayExit && begins ? exit.init({ batch, seq, vocab: config.vocab, loops, noise: given.noise }) : {},
  };
  let was = start;
  if (carried && fresh) {
    const begun = <T extends State>(from: T, to: State): T =>
      mapState(from, (x, name) => choose(fresh, x, to[name] as tf.Tensor)); // the same leaves
    was = {
      state: begun(initial, carried.state),
      driven: begun(start.driven, carried.driven),
      memory: begun(start.memory, carried.memory),
    };
  } else if (carried) was = { ...carried, state: inOrderOf(initial, carried.state) };
  const at = driver.place(was.driven, was.state);
  const live = liveMask(pass, { steps: [k] }, at, k, rows.stopped);
  const made = pass.advance(at, k, live);
  const { state, memory: driven, residual } = driver.next(was.driven, was.state, { at, out: made.state, live });
  const is: Carried = { state, driven, memory: was.memory };
  const written = kv.written.get(k.core);
  if (k.inner) return { carried: is, written, shown, begun: begins ? initial : undefined };
  const logits = rows.reads ? pass.read(state) : undefined;
  const coda = kv.written.get(CODA);
  if (!rows.mayExit) return { carried: is, written, shown, logits, coda };
  const before = rows.since ? inOrderOf(initial, rows.since) : was.state;
  const view = exitView(pass, exit, { loop: rows.loop, before, state, residual, logits });
  const { memory, done } = exit.check(was.memory, view);
  return { carried: { ...is, memory }, done, written, shown, logits, coda };
}

/** `a` for the rows that are marked, `b` for the others. */
function choose(rows: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.where(tf.cast(tf.reshape(rows, [rows.size, ...a.shape.slice(1).map(() => 1)]), 'bool'), a, b);
}

/** Coda and head on the final states, one for each trajectory; where there are several, the strategy chooses. */
export function decodeRead(
  setup: DecodeSetup,
  w: Weights,
  given: Given,
  finals: readonly State[],
  past: PastView | undefined,
): { logits: tf.Tensor; written?: KvSlot | undefined; choice?: tf.Tensor | undefined } {
  const kv = new CachedSession(setup.kv, { keyMask: given.inputs.keyMask, past: () => (past ? [past] : []) });
  const pass = open(setup, w, given, kv);
  const choice = finals.length > 1 ? pass.strategy.choose?.(finals, pass.ctx) : undefined; // int32 [rows, 1]
  const chosen = (i: number): tf.Tensor => tf.cast(tf.equal(choice as tf.Tensor, i), 'float32');
  const state = finals.reduce(
    (kept, final, i) => mapState(kept, (x, name) => choose(chosen(i), final[name] as tf.Tensor, x)), // trajectories have the same leaves
  );
  return { logits: pass.read(state), written: kv.written.get(CODA), choice };
}
