// The keys and values of everything decoded so far, in buffers that grow by blocks so that shapes repeat.
import { compile, tensor } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { KvSlots } from '../kv/kvSession.ts';
import { hasOf } from '../kv/kvSlots.ts';

/** Where new tokens go in a buffer of `capacity` tokens. */
interface Place {
  readonly capacity: number;
  /** For one token: float32 [capacity], 1 at its place. A mask, so that every position of a block is one computation. */
  readonly mask?: tf.Tensor;
  /** For several: the first one's place. */
  readonly start?: number;
}

export class KvCache {
  readonly #block: number;
  readonly #append = compile(appendSlots, { donate: [0], name: 'kvAppend' });
  #slots: KvSlots = {};
  #length = 0;

  /** @param block tokens by which buffers grow; a compiled step is traced anew for each size */
  constructor(block: number) {
    this.#block = block;
  }

  /** Tokens written. */
  get length(): number {
    return this.#length;
  }

  /** The named slots as a prefix; those never written are left out. Buffers are longer than `length`: `has` says what counts. */
  prefix(keys: readonly string[]): KvSlots {
    return Object.fromEntries(Object.entries(this.#slots).filter(([key]) => keys.includes(key)));
  }

  /** Appends `seq` tokens to every slot. Every call must name the same slots. */
  async append(written: KvSlots, seq: number, keyMask: tf.Tensor | undefined): Promise<void> {
    const capacity = Math.ceil((this.#length + seq) / this.#block) * this.#block;
    const here = Float32Array.from({ length: capacity }, (_, i) => (i === this.#length ? 1 : 0));
    const mask = seq === 1 ? tensor(here, [capacity]) : undefined;
    const place = mask ? { capacity, mask } : { capacity, start: this.#length };
    this.#slots = await this.#append(this.#slots, written, keyMask, place);
    mask?.dispose();
    this.#length += seq;
  }

  dispose(): void {
    for (const { layers, has } of Object.values(this.#slots)) {
      tf.dispose([layers.flatMap(({ k, v }) => [k, v]), has ?? []]);
    }
    this.#slots = {};
    this.#length = 0;
  }
}

function appendSlots(old: KvSlots, written: KvSlots, keyMask: tf.Tensor | undefined, place: Place): KvSlots {
  const add = (before: tf.Tensor | undefined, fresh: tf.Tensor): tf.Tensor => write(before, fresh, place);
  return Object.fromEntries(
    Object.entries(written).map(([key, slot]) => {
      const before = old[key];
      const layers = slot.layers.map(({ k, v }, i) => ({
        k: add(before?.layers[i]?.k, k),
        v: add(before?.layers[i]?.v, v),
      }));
      const has = keyMask ? tf.mul(hasOf(slot), keyMask) : hasOf(slot);
      return [key, { layers, has: add(before && hasOf(before), has) }];
    }),
  );
}

function write(old: tf.Tensor | undefined, fresh: tf.Tensor, { capacity, mask, start = 0 }: Place): tf.Tensor {
  const [batch = 0, seq = 0, ...rest] = fresh.shape;
  const zeros = (n: number): tf.Tensor => tf.zeros([batch, n, ...rest]);
  const room = old?.shape[1] ?? 0;
  const buffer = old && room === capacity ? old : tf.concat(old ? [old, zeros(capacity - room)] : [zeros(capacity)], 1);
  if (mask) return tf.where(tf.cast(tf.reshape(mask, [1, capacity, ...rest.map(() => 1)]), 'bool'), fresh, buffer);
  const parts = [tf.slice(buffer, [0, 0], [-1, start]), fresh, zeros(capacity - start - seq)];
  return tf.concat(
    parts.filter((x) => x.size > 0),
    1,
  );
}
