// The keys and values of one slot.
import type * as tf from '@tensorflow/tfjs-core';
import type { KeyValue } from '../model/layer.ts';

/** Keys and values of one slot: one entry a layer, and which tokens have any. */
export interface KvSlot {
  readonly layers: readonly KeyValue[];
  /** [batch, tokens] float32, 1 where the token wrote; null if all did. */
  readonly has: tf.Tensor | null;
}

/** The name of a slot: `${stack}/${slot}`. */
export const slotKey = (stack: string, slot: number): string => `${stack}/${slot}`;
