// The computations of cached decoding, pure functions over trees of tensors, so that each can be compiled.
import type { RopeTables } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { ExitMemory, ExitRule } from '../exit/exitRule.ts';
import { CachedSession, type PastView } from '../kv/cachedSession.ts';
import type { KvPolicy } from '../kv/kvPolicy.ts';
import { type KvSlot, slotKey } from '../kv/kvSlots.ts';
import type { Weights } from '../model/bind.ts';
import type { ModelConfig } from '../model/config.ts';
import { CODA, PRELUDE } from '../model/specs.ts';
import type { Noise } from '../recurrence/noise.ts';
import { beginPass, type Pass, type PreviousTokens } from '../recurrence/pass.ts';
import type { Inputs, Micro, Plan } from '../recurrence/plan.ts';
import { mapState, type State } from '../recurrence/state.ts';
import type { Strategy } from '../recurrence/strategy.ts';
import { exitView, liveMask } from '../recurrence/unroll.ts';
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

/** What a session wrote into a slot. */
function slotOf(kv: CachedSession, key: string): KvSlot | undefined {
  return kv.written.get(key);
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
  return { e: pass.ctx.e, written: slotOf(kv, slotKey(PRELUDE, 0)) as KvSlot }; // only called with a prelude
}

/** What a step works on. */
export interface StepRows {
  /** Whether the exit rule may stop tokens; if not, it is not asked. */
  readonly mayExit: boolean;
  /** Whether logits are read after the step. */
  readonly reads: boolean;
  /** The state and the exit rule's memory; left out where every row begins with this step. */
  readonly state?: State | undefined;
  readonly memory?: ExitMemory | undefined;
  /** float32 [rows], 1 where a row begins with this step; left out where only the state tells. */
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
  readonly state: State;
  readonly memory: ExitMemory;
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
  at: { readonly kind: StepKind; readonly plan: Plan },
  given: Given,
  rows: StepRows,
): StepResult {
  const { exit, config } = setup;
  const { kind, plan } = at;
  const shown: Record<string, tf.Tensor> = {};
  const kv = new CachedSession(kind.policy, {
    keyMask: given.inputs.keyMask,
    past: (stack) => (stack === CODA ? (rows.coda ? [rows.coda] : []) : rows.past),
    latest: rows.latest,
  });
  const pass = open(setup, w, given, kv, {
    before: (_, name) => rows.before[name],
    show: (_, name, x) => {
      shown[name] = x;
    },
  });
  const [batch, seq] = given.inputs.ids.shape as [number, number];
  const loops = plan.steps.filter((k) => !k.inner).length;
  const { state: reached, fresh } = rows;
  const begins = !reached || fresh !== undefined;
  const start = {
    state: pass.init(plan),
    memory: rows.mayExit && begins ? exit.init({ batch, seq, vocab: config.vocab, loops, noise: given.noise }) : {},
  };
  /** A state that came from outside, with its leaves in the order of `init`: rules look at the first. */
  const ordered = (s: State): State => mapState(start.state, (_, name) => s[name] as tf.Tensor); // the same leaves
  let before: { state: State; memory: ExitMemory } = start;
  if (reached) {
    const memory = rows.memory ?? {};
    before = { state: ordered(reached), memory };
    if (fresh) {
      before = {
        state: mapState(start.state, (x, name) => choose(fresh, x, reached[name] as tf.Tensor)), // the same leaves
        memory: mapState(start.memory, (x, name) => choose(fresh, x, memory[name] as tf.Tensor)),
      };
    }
  }
  const live = liveMask(pass, { steps: [kind.k] }, before.state, kind.k, rows.stopped);
  const { state } = pass.advance(before.state, kind.k, live);
  const written = slotOf(kv, slotKey(kind.k.core, 0));
  if (kind.k.inner) return { state, memory: before.memory, written, shown, begun: begins ? start.state : undefined };
  const logits = rows.reads ? pass.read(state) : undefined;
  const coda = slotOf(kv, slotKey(CODA, 0));
  if (!rows.mayExit) return { state, memory: before.memory, written, shown, logits, coda };
  const view = { ...exitView(pass, exit, 0, rows.since ? ordered(rows.since) : before.state, state), loop: rows.loop };
  const { memory, done } = exit.check(before.memory, view);
  return { state, memory, done, written, shown, logits, coda };
}

/** `a` for the rows that are marked, `b` for the others. */
function choose(rows: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.where(tf.cast(tf.reshape(rows, [rows.size, ...a.shape.slice(1).map(() => 1)]), 'bool'), a, b);
}

/** What a whole plan works on. */
export interface WholeRows {
  /** What the tokens before showed, by step. */
  readonly before: Readonly<Record<string, Before>>;
  /** What each view of each step shows of the cache, by step. */
  readonly past: Readonly<Record<string, readonly PastView[]>>;
  readonly coda?: PastView | undefined;
  /** [rows, seq]: loops that each token takes at most. */
  readonly depth?: tf.Tensor | undefined;
  readonly mayExit: boolean;
}

export interface WholeResult {
  readonly state: State;
  /** Loops that each token took. */
  readonly depth: tf.Tensor;
  readonly written: Readonly<Record<string, KvSlot>>;
  /** By step, by name. */
  readonly shown: Readonly<Record<string, Readonly<Record<string, tf.Tensor>>>>;
}

/** A whole plan by the strategy's own driver, for those that are no loop over steps. */
export function decodeWhole(setup: DecodeSetup, w: Weights, plan: Plan, given: Given, rows: WholeRows): WholeResult {
  const { exit, strategy } = setup;
  const shown: Record<string, Record<string, tf.Tensor>> = {};
  const kv = new CachedSession(setup.kv, {
    keyMask: given.inputs.keyMask,
    past: (stack, t) => (stack === CODA ? (rows.coda ? [rows.coda] : []) : (rows.past[t] ?? [])),
  });
  const pass = open(setup, w, given, kv, {
    before: (k: Micro, name) => rows.before[k.t]?.[name],
    show: (k, name, x) => {
      shown[k.t] = { ...shown[k.t], [name]: x };
    },
  });
  const [batch, seq] = given.inputs.ids.shape as [number, number];
  const rule: ExitRule = {
    ...exit,
    init: (at) => exit.init({ ...at, noise: given.noise }),
  };
  const steps = strategy.driver.run(pass, { ...plan, depth: rows.depth }, rows.mayExit ? rule : undefined);
  const all = tf.ones([batch, seq]);
  const depth = steps.active.map((a) => a ?? all).reduce((a, b) => tf.add(a, b));
  const last = steps.states.at(-1) as State; // a plan has a loop
  return { state: last, depth, written: Object.fromEntries(kv.written), shown };
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
  return { logits: pass.read(state), written: slotOf(kv, slotKey(CODA, 0)), choice };
}
