// The keys and values of one slot, and how they come to be.
import * as tf from '@tensorflow/tfjs-core';
import type { KeyValue } from '../model/layer.ts';
import type { KvPolicy } from './kvPolicy.ts';

/** Keys and values of one slot: one entry a layer, and which tokens have any. */
export interface KvSlot {
  readonly layers: readonly KeyValue[];
  /** [batch, tokens] float32, 1 where the token wrote; null if all did. */
  readonly has: tf.Tensor | null;
}

/** The name of a slot: `${stack}/${slot}`. */
export const slotKey = (stack: string, slot: number): string => `${stack}/${slot}`;

/** A slot that is being written, a layer at a time. */
export interface OpenSlot extends KvSlot {
  readonly layers: KeyValue[];
}

/**
 * Opens a slot for the tokens that are `active` ([batch, seq]; undefined if all are).
 * @param before what the same tokens wrote last; `fill` puts it in the place of those that do not compute, where the
 *   policy says so
 */
export function openSlot(
  policy: KvPolicy,
  before: KvSlot | undefined,
  active: tf.Tensor | undefined,
): { readonly slot: OpenSlot; fill(fresh: KeyValue, layer: number): KeyValue } {
  if (active === undefined || before === undefined || policy.missing !== 'latest')
    return { slot: { layers: [], has: active ?? null }, fill: (fresh) => fresh };
  const computes = tf.cast(tf.expandDims(active, 2), 'bool');
  return {
    // A token that fills in has keys if it had any before; one that does not has them only if it computes.
    slot: { layers: [], has: before.has === null ? null : tf.maximum(before.has, active) },
    fill: (fresh, layer) => {
      const old = before.layers[layer] as KeyValue; // as many layers
      return { k: tf.where(computes, fresh.k, old.k), v: tf.where(computes, fresh.v, old.v) };
    },
  };
}

/** Tokens that have keys and may be attended to, [batch, seq] 0/1; undefined where all do. */
export function visibleTokens(has: tf.Tensor | null, keyMask: tf.Tensor | undefined): tf.Tensor | undefined {
  if (has && keyMask) return tf.mul(has, keyMask);
  return has ?? keyMask;
}
