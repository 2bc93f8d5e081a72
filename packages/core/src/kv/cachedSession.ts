// The keys and values of some tokens whose predecessors are in a cache: carries out a KV policy for one step or several.
import * as tf from '@tensorflow/tfjs-core';
import type { Attend, KeyValue, Visible } from '../model/layer.ts';
import { type CachedKeys, cachedAttention } from './cachedAttention.ts';
import { type KvPolicy, viewsAt } from './kvPolicy.ts';
import type { KvAccess, KvCall } from './kvSession.ts';
import { type KvSlot, slotKey } from './kvSlots.ts';
import { viewBias } from './viewBias.ts';

/** One slot of a cache, as some rows see it: {@link CachedKeys} of every layer. */
export interface CachedSlot extends Omit<CachedKeys, 'k' | 'v'> {
  readonly layers: readonly KeyValue[];
}

/** What a view shows of the cache. */
export interface PastView {
  readonly parts: readonly CachedSlot[];
  /** [seq, places of all parts], added to the scores. */
  readonly bias?: tf.Tensor | undefined;
}

export interface CachedSessionOptions {
  /** [rows, seq] float32, 1 where a token at hand may be attended to. */
  readonly keyMask?: tf.Tensor | undefined;
  /** What each view of step `t` of a stack shows of the cache; left out where it shows nothing. */
  past(stack: string, t: number): readonly PastView[];
  /** What the tokens at hand wrote last, which a token that does not compute shows on. */
  readonly latest?: KvSlot | undefined;
}

interface Open {
  readonly layers: KeyValue[];
  readonly has: tf.Tensor | null;
}

export class CachedSession implements KvAccess {
  readonly policy: KvPolicy;
  /** What the tokens at hand have written, by slot. */
  readonly written = new Map<string, Open>();
  readonly #options: CachedSessionOptions;
  readonly #latest = new Map<string, Open>();

  constructor(policy: KvPolicy, options: CachedSessionOptions) {
    this.policy = policy;
    this.#options = options;
  }

  /** Attention of step `t` of a core. */
  step(stack: string, t: number, call: KvCall): (layer: number) => Attend {
    const active = this.policy.write === 'active' ? call.active : undefined;
    const views = viewsAt(this.policy, t);
    return this.#attend(stack, this.policy.slot(t), views, this.#options.past(stack, t), active);
  }

  /** Attention of a stack that is applied once: prelude and coda. */
  once(stack: string): (layer: number) => Attend {
    return this.#attend(stack, 0, [{ slots: [0] }], this.#options.past(stack, 0), undefined);
  }

  selfContained(): undefined {
    return undefined;
  }

  #attend(
    stack: string,
    write: number | null,
    views: ReturnType<typeof viewsAt>,
    past: readonly PastView[],
    active: tf.Tensor | undefined,
  ): (layer: number) => Attend {
    const before = this.#latest.get(stack) ?? this.#options.latest;
    const fill = active !== undefined && this.policy.missing === 'latest' && before !== undefined;
    let here: Open | undefined;
    if (write !== null) {
      let has = active ?? null;
      if (fill) has = before.has === null ? null : tf.maximum(before.has, active);
      here = { layers: [], has };
      this.written.set(slotKey(stack, write), here);
      this.#latest.set(stack, here);
    }
    return (i) => (fresh) => {
      if (here) here.layers[i] = fill ? filled(fresh(), before.layers[i] as KeyValue, active) : fresh(); // as many layers
      return views.map(({ slots, window }, n): Visible => {
        const own = slots.flatMap((slot) => this.written.get(slotKey(stack, slot)) ?? []);
        return this.#visible(own, i, past[n] ?? { parts: [] }, window);
      });
    };
  }

  /** The tokens' own keys in some slots, and what the cache shows. */
  #visible(own: readonly Open[], i: number, view: PastView, window: number | undefined): Visible {
    const join = (f: (x: Open) => tf.Tensor): tf.Tensor => {
      const xs = own.map(f);
      return xs.length === 1 ? (xs[0] as tf.Tensor) : tf.concat(xs, 1);
    };
    const at = (x: Open): KeyValue => x.layers[i] as KeyValue; // the layer was written, now or in an earlier step
    const parts = view.parts.map(({ layers, index, mask }) => ({ ...(layers[i] as KeyValue), index, mask })); // a stack's layers
    const past = { parts, bias: view.bias };
    if (own.length === 0) return (q, heads) => cachedAttention(q, past, undefined, heads);
    const [rows, seq] = at(own[0] as Open).k.shape as [number, number];
    const { keyMask } = this.#options;
    const masked = keyMask !== undefined || own.some((x) => x.has !== null);
    const seen = (x: Open): tf.Tensor =>
      x.has && keyMask ? tf.mul(x.has, keyMask) : (x.has ?? keyMask ?? tf.ones([rows, seq]));
    const narrow = window !== undefined && window < seq;
    const keys = {
      k: join((x) => at(x).k),
      v: join((x) => at(x).v),
      ...(masked ? { keyMask: join(seen) } : {}),
      ...(own.length > 1 || narrow ? { bias: viewBias({ seq, slots: own.length, window }) } : {}),
    };
    return parts.length === 0 ? keys : (q, heads) => cachedAttention(q, past, keys, heads);
  }
}

function filled(fresh: KeyValue, before: KeyValue, active: tf.Tensor): KeyValue {
  const computes = tf.cast(tf.expandDims(active, 2), 'bool');
  return { k: tf.where(computes, fresh.k, before.k), v: tf.where(computes, fresh.v, before.v) };
}
