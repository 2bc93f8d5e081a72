// The keys and values of everything decoded so far, in buffers that grow by blocks so that shapes repeat.
import * as tf from '@tensorflow/tfjs-core';
import type { KvSlot, KvSlots } from '../kv/kvSession.ts';
import { hasOf } from '../kv/kvSlots.ts';

export class KvCache {
  /** Tokens written. */
  length = 0;
  readonly #block: number;
  readonly #slots = new Map<string, KvSlot>();

  /** @param block tokens by which buffers grow; a compiled step is traced anew for each size */
  constructor(block: number) {
    this.#block = block;
  }

  /** The named slots as a prefix; those never written are left out. Buffers are longer than `length`: `has` says what counts. */
  prefix(keys: readonly string[]): KvSlots {
    return Object.fromEntries(
      keys.flatMap((key) => {
        const slot = this.#slots.get(key);
        return slot ? [[key, slot] as const] : [];
      }),
    );
  }

  /** Appends `seq` tokens to every slot. Every call must name the same slots. */
  append(written: KvSlots, seq: number, keyMask: tf.Tensor | undefined): void {
    const capacity = Math.ceil((this.length + seq) / this.#block) * this.#block;
    for (const [key, slot] of Object.entries(written)) {
      const before = this.#slots.get(key);
      const after = tf.tidy(() => {
        const has = keyMask ? tf.mul(hasOf(slot), keyMask) : hasOf(slot);
        const old = before ? [...before.layers.flatMap(({ k, v }) => [k, v]), hasOf(before)] : [];
        const fresh = [...slot.layers.flatMap(({ k, v }) => [k, v]), has];
        return fresh.map((x, i) => tf.keep(this.#write(old[i], x, capacity)));
      });
      if (before) free(before);
      const pair = (i: number): tf.Tensor => after[i] as tf.Tensor; // two a layer, then the mask
      this.#slots.set(key, {
        layers: slot.layers.map((_, i) => ({ k: pair(2 * i), v: pair(2 * i + 1) })),
        has: pair(2 * slot.layers.length),
      });
    }
    this.length += seq;
  }

  #write(old: tf.Tensor | undefined, fresh: tf.Tensor, capacity: number): tf.Tensor {
    const [batch, seq, ...rest] = fresh.shape;
    const zeros = (n: number): tf.Tensor => tf.zeros([batch ?? 0, n, ...rest]);
    const room = old?.shape[1] ?? 0;
    const buffer =
      old && room === capacity ? old : tf.concat(old ? [old, zeros(capacity - room)] : [zeros(capacity)], 1);
    if (seq !== 1) {
      const [head, tail] = [this.length, capacity - this.length - (seq ?? 0)];
      const parts = [tf.slice(buffer, [0, 0], [-1, head]), fresh, zeros(tail)];
      return tf.concat(
        parts.filter((x) => x.size > 0),
        1,
      );
    }
    // One token: a mask instead of slices keeps the operation the same for every position of a block.
    const here = Float32Array.from({ length: capacity }, (_, i) => (i === this.length ? 1 : 0));
    const mask = tf.tensor(here, [1, capacity, ...rest.map(() => 1)]);
    return tf.where(tf.cast(mask, 'bool'), fresh, buffer);
  }

  dispose(): void {
    for (const slot of this.#slots.values()) free(slot);
    this.#slots.clear();
    this.length = 0;
  }
}

function free(slot: KvSlot): void {
  tf.dispose([slot.layers.flatMap(({ k, v }) => [k, v]), slot.has ?? []]);
}
