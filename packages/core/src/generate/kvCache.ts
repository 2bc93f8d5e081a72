// The keys and values of everything decoded so far: whole blocks that no longer change, and one that is being filled.
import { compile, tensor } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { hasOf, type KvSlot, type KvSlots } from '../kv/kvSlots.ts';

/**
 * A new token is written into the block being filled, so its cost does not grow with the sequence, and shapes change
 * only once a block, so compiled steps are traced no more often than that.
 */
export class KvCache {
  readonly #block: number;
  readonly #put = compile(putToken, { donate: [0], name: 'kvPut' });
  readonly #extend = compile(extend, { donate: [0, 1], name: 'kvExtend' });
  /** Whole blocks; nothing before the first is full. */
  #full: KvSlots = {};
  /** The block being filled; unwritten places are marked in `has`. */
  #open: KvSlots = {};
  #length = 0;

  constructor(block: number) {
    this.#block = block;
  }

  /** Tokens written. */
  get length(): number {
    return this.#length;
  }

  /** The named slots in the order of their tokens, in one or two parts; `has` says which places count. */
  prefix(keys: readonly string[]): KvSlots[] {
    const named = (slots: KvSlots): KvSlots =>
      Object.fromEntries(Object.entries(slots).filter(([key]) => keys.includes(key)));
    return [named(this.#full), named(this.#open)].filter((part) => Object.keys(part).length > 0);
  }

  /** Appends `seq` tokens to every slot. Every call must name the same slots. */
  async append(written: KvSlots, seq: number, keyMask: tf.Tensor | undefined): Promise<void> {
    const filled = this.#length % this.#block;
    if (seq === 1 && this.#length > 0 && filled < this.#block - 1) {
      const place = tensor(
        Float32Array.from({ length: this.#block }, (_, i) => (i === filled ? 1 : 0)),
        [this.#block],
      );
      this.#open = await this.#put(this.#open, written, keyMask, place);
      place.dispose();
    } else {
      const next = await this.#extend(this.#full, this.#open, written, keyMask, filled, this.#block);
      this.#full = next.full;
      this.#open = next.open;
    }
    this.#length += seq;
  }

  dispose(): void {
    for (const { layers, has } of [...Object.values(this.#full), ...Object.values(this.#open)]) {
      tf.dispose([layers.flatMap(({ k, v }) => [k, v]), has ?? []]);
    }
    this.#full = {};
    this.#open = {};
    this.#length = 0;
  }
}

/** A slot made of the same tensors of several, `f` of each. */
function combine(f: (parts: tf.Tensor[]) => tf.Tensor, slots: readonly KvSlot[]): KvSlot {
  const layers = slots[0]?.layers.map((_, i) => ({
    k: f(slots.flatMap((s) => s.layers[i]?.k ?? [])),
    v: f(slots.flatMap((s) => s.layers[i]?.v ?? [])),
  }));
  return { layers: layers ?? [], has: f(slots.map(hasOf)) };
}

function masked(slot: KvSlot, keyMask: tf.Tensor | undefined): KvSlot {
  return keyMask ? { ...slot, has: tf.mul(hasOf(slot), keyMask) } : slot;
}

/** One token at the place where `place` [block] is 1. */
function putToken(open: KvSlots, written: KvSlots, keyMask: tf.Tensor | undefined, place: tf.Tensor): KvSlots {
  const here = tf.cast(place, 'bool');
  const put = ([block, token]: tf.Tensor[]): tf.Tensor => {
    const [before, fresh] = [block as tf.Tensor, token as tf.Tensor]; // combine is given both
    const mask = tf.reshape(here, [1, place.size, ...new Array<number>(fresh.rank - 2).fill(1)]);
    return tf.where(mask, fresh, before);
  };
  return Object.fromEntries(
    Object.entries(written).map(([key, slot]) => [key, combine(put, [open[key] as KvSlot, masked(slot, keyMask)])]), // same slots every call
  );
}

/** Any number of tokens after the `filled` ones of the open block: what is whole goes to `full`, the rest stays open. */
function extend(
  full: KvSlots,
  open: KvSlots,
  written: KvSlots,
  keyMask: tf.Tensor | undefined,
  filled: number,
  block: number,
): { full: KvSlots; open: KvSlots } {
  const next: { full: Record<string, KvSlot>; open: Record<string, KvSlot> } = { full: {}, open: {} };
  const span = (x: tf.Tensor, from: number, n: number): tf.Tensor => tf.slice(x, [0, from], [-1, n]);
  for (const [key, slot] of Object.entries(written)) {
    const before = open[key];
    const parts = [
      full[key],
      before && filled > 0 ? combine(([x]) => span(x as tf.Tensor, 0, filled), [before]) : undefined,
      masked(slot, keyMask),
    ];
    const all = combine(
      (xs) => (xs.length === 1 ? (xs[0] as tf.Tensor) : tf.concat(xs, 1)),
      parts.filter((x) => x !== undefined),
    );
    const total = hasOf(all).shape[1] ?? 0;
    const whole = Math.floor(total / block) * block;
    if (whole > 0) next.full[key] = combine(([x]) => span(x as tf.Tensor, 0, whole), [all]);
    next.open[key] = combine(
      ([x]) => {
        const rest = span(x as tf.Tensor, whole, total - whole);
        const zeros = tf.zeros([rest.shape[0] ?? 0, block - (total - whole), ...rest.shape.slice(2)]);
        return total === whole ? zeros : tf.concat([rest, zeros], 1);
      },
      [all],
    );
  }
  return next;
}
