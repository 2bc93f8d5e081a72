// The three computations of cached decoding, pure functions over trees of tensors, so that each can be compiled.
import type { RopeTables } from '@looplab/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { ExitMemory, ExitRule } from '../exit/exitRule.ts';
import type { KvPolicy } from '../kv/kvPolicy.ts';
import { KvSession, type KvSlot, type KvSlots } from '../kv/kvSession.ts';
import type { Weights } from '../model/bind.ts';
import type { ModelConfig } from '../model/config.ts';
import { beginPass, type Pass } from '../recurrence/pass.ts';
import type { Micro, Plan } from '../recurrence/plan.ts';
import type { State } from '../recurrence/state.ts';
import type { Strategy } from '../recurrence/strategy.ts';
import { exitView, liveMask } from '../recurrence/unroll.ts';

/** What stays the same for a decoder's whole life. */
export interface DecodeSetup {
  readonly config: ModelConfig;
  readonly strategy: Strategy;
  readonly kv: KvPolicy;
  readonly exit: ExitRule;
  readonly loops: number;
  readonly hp?: Readonly<Record<string, number>> | undefined;
}

/** The new tokens of some rows of the batch; every tensor starts with [rows, seq]. */
export interface Rows {
  readonly ids: tf.Tensor;
  readonly e: tf.Tensor;
  readonly state: State;
  readonly memory: ExitMemory;
  readonly keyMask: tf.Tensor | undefined;
}

/** What attention sees besides the new tokens. */
export interface Past {
  /** Slots of earlier tokens. */
  readonly prefix: KvSlots;
  /** Slots the new tokens have written in earlier steps, as far as this step reads them. */
  readonly here: KvSlots;
  /** What the new tokens wrote last, by stack. */
  readonly latest: Readonly<Record<string, KvSlot>>;
  /** Rotary tables at the new tokens' positions, by head width. */
  readonly rope: Readonly<Record<string, RopeTables>>;
}

function pass(
  setup: DecodeSetup,
  w: Weights,
  ids: tf.Tensor,
  kv: KvSession,
  rope: Past['rope'],
  e?: tf.Tensor,
): Pass<State> {
  const { config, strategy, loops, hp } = setup;
  const tables = (dHead: number): RopeTables => rope[dHead] as RopeTables; // made for every stack
  return beginPass({ config, strategy, weights: w, inputs: { ids }, kv, loops, train: false, hp, e, rope: tables });
}

const session = (setup: DecodeSetup, past: Past, keyMask: tf.Tensor | undefined): KvSession =>
  new KvSession(setup.kv, { keyMask, prefix: past.prefix, latest: past.latest, here: past.here });

/** Embedding, prelude and the state before the first step. */
export function decodeBegin(
  setup: DecodeSetup,
  w: Weights,
  ids: tf.Tensor,
  keyMask: tf.Tensor | undefined,
  past: Past,
  plan: Plan,
): { e: tf.Tensor; state: State; memory: ExitMemory; written: KvSlots } {
  const kv = session(setup, past, keyMask);
  const p = pass(setup, w, ids, kv, past.rope);
  const [batch, seq] = ids.shape as [number, number]; // [batch, seq]
  return {
    e: p.ctx.e,
    state: p.init(plan),
    memory: setup.exit.init(batch, seq),
    written: Object.fromEntries(kv.written),
  };
}

/**
 * Step `k` of some rows.
 * @param stopped [rows, seq] float32, 1 where a token has stopped and is held back; undefined if none has
 * @returns with `done` [rows, seq], 1 where the exit rule would stop a token now
 */
export function decodeStep(
  setup: DecodeSetup,
  w: Weights,
  rows: Rows,
  past: Past,
  k: Micro,
  stopped: tf.Tensor | undefined,
): { state: State; memory: ExitMemory; done: tf.Tensor; written: KvSlots } {
  const kv = session(setup, past, rows.keyMask);
  const p = pass(setup, w, rows.ids, kv, past.rope, rows.e);
  const live = liveMask(p, { steps: [k] }, rows.state, k, stopped);
  const { state } = p.advance(rows.state, { ...k, grad: true }, live); // nothing is differentiated here
  const seen = setup.exit.check(rows.memory, exitView(p, setup.exit, k.t, rows.state, state));
  return { state, memory: seen.memory, done: seen.done, written: Object.fromEntries(kv.written) };
}

/** Coda and head on the final states. */
export function decodeRead(
  setup: DecodeSetup,
  w: Weights,
  rows: Rows,
  past: Past,
): { logits: tf.Tensor; written: KvSlots } {
  const kv = session(setup, past, rows.keyMask);
  const p = pass(setup, w, rows.ids, kv, past.rope, rows.e);
  return { logits: p.read(rows.state), written: Object.fromEntries(kv.written) };
}
