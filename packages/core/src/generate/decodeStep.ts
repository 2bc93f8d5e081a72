// The three computations of cached decoding, pure functions over trees of tensors, so that each can be compiled.
import type { RopeTables } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { ExitMemory, ExitRule } from '../exit/exitRule.ts';
import type { KvPolicy } from '../kv/kvPolicy.ts';
import { KvSession } from '../kv/kvSession.ts';
import { emptySlot, hidden, type KvSlot, type KvSlots, mapSlot, mergeSlot } from '../kv/kvSlots.ts';
import type { Weights } from '../model/bind.ts';
import type { ModelConfig } from '../model/config.ts';
import type { StackShape } from '../model/specs.ts';
import { stacksOf } from '../recurrence/layout.ts';
import { beginPass, type Pass } from '../recurrence/pass.ts';
import type { Micro, Plan } from '../recurrence/plan.ts';
import { mapState, type State } from '../recurrence/state.ts';
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
  /** Slots of earlier tokens, in parts, earliest first. */
  readonly prefix: readonly KvSlots[];
  /** Slots the new tokens have written in earlier steps, as far as this step reads them. */
  readonly here: KvSlots;
  /** What the new tokens wrote last, by stack. */
  readonly latest: Readonly<Record<string, KvSlot>>;
  /** Rotary tables at the new tokens' positions, by head width. */
  readonly rope: Readonly<Record<string, RopeTables>>;
  /** Scalar: tokens before the new ones. */
  readonly offset: tf.Tensor;
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
  new KvSession(setup.kv, { keyMask, ...past });

/** Embedding, prelude and the state before the first step. */
export function decodeBegin(
  setup: DecodeSetup,
  w: Weights,
  ids: tf.Tensor,
  keyMask: tf.Tensor | undefined,
  past: Past,
  plan: Plan,
): { e: tf.Tensor; state: State; written: KvSlots } {
  const kv = session(setup, past, keyMask);
  const p = pass(setup, w, ids, kv, past.rope);
  return { e: p.ctx.e, state: p.init(plan), written: Object.fromEntries(kv.written) };
}

/** Which rows of the batch a step computes; everything undefined if all of them and all their tokens. */
export interface Chosen {
  /** int32 [rows]: the rows to compute. */
  readonly index: tf.Tensor | undefined;
  /** int32 [batch]: for each row its place in the batch before the step followed by the computed rows. */
  readonly place: tf.Tensor | undefined;
  /** float32 [rows, seq], 1 where a token of these rows has stopped and is held back. */
  readonly stopped: tf.Tensor | undefined;
}

/**
 * Step `k` of the chosen rows. Picking them and putting them back is part of it, so that a step is one computation.
 * @returns state, memory and slots of the whole batch; `done` [rows, seq] of the computed rows, 1 where the exit rule
 *   would stop a token now
 */
export function decodeStep(
  setup: DecodeSetup,
  w: Weights,
  rows: Rows,
  past: Past,
  k: Micro,
  chosen: Chosen,
): { state: State; memory: ExitMemory; done: tf.Tensor; written: KvSlots } {
  const { index, place, stopped } = chosen;
  const pick = (x: tf.Tensor): tf.Tensor => (index ? tf.gather(x, index) : x);
  const pickSlots = (slots: KvSlots): KvSlots =>
    Object.fromEntries(Object.entries(slots).map(([n, s]) => [n, mapSlot(s, pick)]));
  const held = stopped !== undefined || setup.strategy.active !== undefined;
  const before = mapState(rows.state, pick);
  const kv = new KvSession(setup.kv, {
    keyMask: rows.keyMask && pick(rows.keyMask),
    prefix: past.prefix.map(pickSlots),
    offset: past.offset,
    here: pickSlots(past.here),
    latest: held ? pickSlots(past.latest) : {},
  });
  const p = pass(setup, w, pick(rows.ids), kv, past.rope, pick(rows.e));
  const live = liveMask(p, { steps: [k] }, before, k, stopped);
  const { state } = p.advance(before, { ...k, grad: true }, live); // nothing is differentiated here
  const seen = setup.exit.check(mapState(rows.memory, pick), exitView(p, setup.exit, k.t, before, state));
  const written = Object.fromEntries(kv.written);
  if (!place) return { state, memory: seen.memory, done: seen.done, written };
  const merge = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.gather(tf.concat([a, b], 0), place);
  const rest = unwritten(setup, past.latest[k.core], k, rows.ids.shape as [number, number]); // ids are [batch, seq]
  return {
    state: mapState(rows.state, (x, name) => merge(x, state[name] as tf.Tensor)), // a step keeps the leaves
    memory: mapState(rows.memory, (x, name) => merge(x, seen.memory[name] as tf.Tensor)),
    done: seen.done,
    written: Object.fromEntries(Object.entries(written).map(([n, s]) => [n, mergeSlot(s, rest, place)])),
  };
}

/** What a token shows in a step it did not compute: what it wrote last, or nothing. */
export function unwritten(
  setup: DecodeSetup,
  last: KvSlot | undefined,
  k: Micro,
  [batch, seq]: readonly [number, number],
): KvSlot {
  if (last) return setup.kv.missing === 'latest' ? last : hidden(last);
  const stack = stacksOf(setup.config, setup.strategy)[k.core] as StackShape; // the pass checks that plans name declared cores
  return emptySlot(stack, batch, seq);
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
