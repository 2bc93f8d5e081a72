// The keys and values of one slot, and operations on whole slots: picking rows, putting rows back, showing nothing.
import * as tf from '@tensorflow/tfjs-core';
import type { KeyValue } from '../model/layer.ts';
import type { StackShape } from '../model/specs.ts';

/** Keys and values of one slot: one entry a layer, and which tokens have any. */
export interface KvSlot {
  readonly layers: readonly KeyValue[];
  /** [batch, tokens] float32, 1 where the token wrote; null if all did. */
  readonly has: tf.Tensor | null;
}

/** Slots by `${stack}/${slot}`. */
export type KvSlots = Readonly<Record<string, KvSlot>>;

export const slotKey = (stack: string, slot: number): string => `${stack}/${slot}`;

/** Applies `f` to every tensor of a slot. */
export function mapSlot(slot: KvSlot, f: (x: tf.Tensor) => tf.Tensor): KvSlot {
  return {
    layers: slot.layers.map(({ k, v }) => ({ k: f(k), v: f(v) })),
    has: slot.has === null ? null : f(slot.has),
  };
}

/** Which tokens of a slot have keys, spelled out, [batch, tokens]. */
export function hasOf(slot: KvSlot): tf.Tensor {
  const k = slot.layers[0]?.k as tf.Tensor; // a stack has a layer
  return slot.has ?? tf.ones([k.shape[0] ?? 0, k.shape[1] ?? 0]);
}

/** A slot in which no token has written. */
export function emptySlot(stack: StackShape, batch: number, seq: number): KvSlot {
  const zeros = (): tf.Tensor => tf.zeros([batch, seq, stack.dModel]);
  return {
    layers: Array.from({ length: stack.layers }, () => ({ k: zeros(), v: zeros() })),
    has: tf.zeros([batch, seq]),
  };
}

/** The same slot with every token out of sight. */
export function hidden(slot: KvSlot): KvSlot {
  return { layers: slot.layers, has: tf.zerosLike(hasOf(slot)) };
}

/**
 * A slot for the whole batch from what some of its rows wrote.
 * @param rest what the other rows show
 * @param place for each row of the batch its place in `rest` followed by `part`
 */
export function mergeSlot(part: KvSlot, rest: KvSlot, place: tf.Tensor): KvSlot {
  const merge = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.gather(tf.concat([a, b], 0), place);
  return {
    layers: part.layers.map(({ k, v }, i) => {
      const old = rest.layers[i] as { k: tf.Tensor; v: tf.Tensor }; // slots of one stack have its layers
      return { k: merge(old.k, k), v: merge(old.v, v) };
    }),
    has: merge(hasOf(rest), hasOf(part)),
  };
}
