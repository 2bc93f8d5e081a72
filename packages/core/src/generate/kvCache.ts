// The keys and values of everything decoded so far, on the host and by heads: a token is written in place.
import { type Hosted, HostTensor } from '@looplab/engine';
import type { CachedSlot } from '../kv/cachedSession.ts';
import type { StackShape } from '../model/specs.ts';
import type { LayerRow, Written } from './layerRow.ts';

/** Where a row's tokens stand. */
export interface Place {
  readonly row: number;
  /** Position of the first. */
  readonly offset: number;
  readonly seq: number;
}

interface Store {
  readonly shape: StackShape;
  /** Numbers of the slots by name. */
  readonly slots: Map<string, number>;
  /** A layer each, [slots, rows, heads, places, dHead]. */
  k: Float32Array[];
  v: Float32Array[];
  /** [slots, rows, places], 1 where a key may be seen. */
  has: Float32Array;
}

/**
 * Shapes change only when the places are doubled, so compiled steps are traced no more often than that. Views share the
 * memory: they must have been used before the next write.
 */
export class KvCache {
  readonly #rows: number;
  readonly #block: number;
  readonly #stores = new Map<string, Store>();
  #places = 0;

  /** @param block places to begin with */
  constructor(rows: number, block: number) {
    this.#rows = rows;
    this.#block = block;
  }

  /** Tokens for which there is room in each row. */
  get places(): number {
    return this.#places;
  }

  /** Makes room for slots of a stack; those that there are stay. */
  open(stack: string, shape: StackShape, slots: Iterable<string>): void {
    const store = this.#stores.get(stack) ?? { shape, slots: new Map(), k: [], v: [], has: new Float32Array(0) };
    const before = store.slots.size;
    for (const slot of slots) if (!store.slots.has(slot)) store.slots.set(slot, store.slots.size);
    this.#stores.set(stack, store);
    if (store.slots.size > before) this.#resize(store, before, this.#places, this.#places);
  }

  /** Makes room for `tokens` in each row. */
  reserve(tokens: number): void {
    if (tokens <= this.#places) return;
    let places = this.#block;
    while (places < tokens) places *= 2;
    for (const store of this.#stores.values()) this.#resize(store, store.slots.size, this.#places, places);
    this.#places = places;
  }

  /** Shows nothing any more; the room stays. */
  clear(): void {
    for (const store of this.#stores.values()) store.has.fill(0);
  }

  /** Writes what tokens have made into a slot; `has` [seq] says which of them may be seen. */
  write(stack: string, slot: string, at: Place, layers: readonly LayerRow[], has: Float32Array): void {
    const store = this.#store(stack);
    layers.forEach(({ k, v }, i) => {
      this.#put(store, store.k[i] as Float32Array, slot, at, k); // a store has its stack's layers
      this.#put(store, store.v[i] as Float32Array, slot, at, v);
    });
    store.has.set(has, this.#hasAt(store, slot, at));
  }

  /** What is written of some tokens in a slot. */
  read(stack: string, slot: string, at: Place): Written {
    const store = this.#store(stack);
    const from = this.#hasAt(store, slot, at);
    const layers = store.k.map((k, i) => ({
      k: this.#get(store, k, slot, at),
      v: this.#get(store, store.v[i] as Float32Array, slot, at), // as many
    }));
    return { layers, has: store.has.slice(from, from + at.seq) };
  }

  /** Makes a slot show of some tokens what another slot of the stack shows. */
  copy(stack: string, from: string, to: string, at: Place): void {
    const store = this.#store(stack);
    const { heads, dModel } = store.shape;
    const dHead = dModel / heads;
    const base = (slot: string): number => (this.#number(store, slot) * this.#rows + at.row) * this.#places * dModel;
    for (const x of [...store.k, ...store.v]) {
      for (let h = 0; h < heads; h++) {
        const start = (h * this.#places + at.offset) * dHead;
        x.copyWithin(base(to) + start, base(from) + start, base(from) + start + at.seq * dHead);
      }
    }
    const has = this.#hasAt(store, from, at);
    store.has.copyWithin(this.#hasAt(store, to, at), has, has + at.seq);
  }

  /** Makes a slot show nothing of some tokens. */
  hide(stack: string, slot: string, at: Place): void {
    const store = this.#store(stack);
    const from = this.#hasAt(store, slot, at);
    store.has.fill(0, from, from + at.seq);
  }

  /**
   * A slot of a stack as rows see it.
   * @param rows numbers of rows, each with its slot
   * @param hide blanks the places of [places] that the i-th of `rows` must not see
   */
  view(
    stack: string,
    rows: readonly { readonly row: number; readonly slot: string }[],
    hide: (mask: Float32Array, i: number) => void,
  ): Hosted<CachedSlot> {
    const store = this.#store(stack);
    const { heads, dModel } = store.shape;
    const index = Int32Array.from(rows, ({ row, slot }) => this.#number(store, slot) * this.#rows + row);
    const mask = new Float32Array(rows.length * this.#places);
    index.forEach((n, i) => {
      const own = mask.subarray(i * this.#places, (i + 1) * this.#places);
      own.set(store.has.subarray(n * this.#places, (n + 1) * this.#places));
      hide(own, i);
    });
    const size = this.#places * dModel; // of a slot of a row
    const inOrder = index.every((n, i) => n === (index[0] as number) + i);
    const part = (x: Float32Array): HostTensor => {
      const n = inOrder ? rows.length : store.slots.size * this.#rows;
      const from = inOrder ? (index[0] as number) * size : 0;
      return new HostTensor(x.subarray(from, from + n * size), [n, heads, this.#places, dModel / heads]);
    };
    return {
      layers: store.k.map((k, i) => ({ k: part(k), v: part(store.v[i] as Float32Array) })), // as many
      ...(inOrder ? {} : { index: new HostTensor(index, [index.length]) }),
      mask: new HostTensor(mask, [rows.length, this.#places]),
    };
  }

  #store(stack: string): Store {
    const store = this.#stores.get(stack);
    if (!store) throw new RangeError(`the cache has no stack '${stack}'; open it first`);
    return store;
  }

  #number(store: Store, slot: string): number {
    const n = store.slots.get(slot);
    if (n === undefined) throw new RangeError(`the cache has no slot '${slot}'; open it first`);
    return n;
  }

  #hasAt(store: Store, slot: string, { row, offset }: Place): number {
    return (this.#number(store, slot) * this.#rows + row) * this.#places + offset;
  }

  /** [seq, heads * dHead] into [heads, places, dHead]. */
  #put(store: Store, to: Float32Array, slot: string, { row, offset, seq }: Place, from: Float32Array): void {
    const { heads, dModel } = store.shape;
    const dHead = dModel / heads;
    const base = (this.#number(store, slot) * this.#rows + row) * this.#places * dModel;
    for (let h = 0; h < heads; h++) {
      for (let j = 0; j < seq; j++) {
        const into = base + (h * this.#places + offset + j) * dHead;
        const at = j * dModel + h * dHead;
        for (let d = 0; d < dHead; d++) to[into + d] = from[at + d] as number;
      }
    }
  }

  #get(store: Store, from: Float32Array, slot: string, { row, offset, seq }: Place): Float32Array {
    const { heads, dModel } = store.shape;
    const dHead = dModel / heads;
    const base = (this.#number(store, slot) * this.#rows + row) * this.#places * dModel;
    const to = new Float32Array(seq * dModel);
    for (let h = 0; h < heads; h++) {
      for (let j = 0; j < seq; j++) {
        const at = base + (h * this.#places + offset + j) * dHead;
        to.set(from.subarray(at, at + dHead), j * dModel + h * dHead);
      }
    }
    return to;
  }

  /** Moves `slots` slots of a store from `before` to `after` places. */
  #resize(store: Store, slots: number, before: number, after: number): void {
    const { layers, dModel, heads } = store.shape;
    const dHead = dModel / heads;
    const moved = (old: Float32Array | undefined, per: number, width: number): Float32Array => {
      const next = new Float32Array(store.slots.size * this.#rows * per * after * width);
      for (let i = 0; old && i < slots * this.#rows * per; i++)
        next.set(old.subarray(i * before * width, (i + 1) * before * width), i * after * width);
      return next;
    };
    store.k = Array.from({ length: layers }, (_, i) => moved(store.k[i], heads, dHead));
    store.v = Array.from({ length: layers }, (_, i) => moved(store.v[i], heads, dHead));
    store.has = moved(store.has, 1, 1);
  }
}
