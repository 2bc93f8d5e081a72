// The keys and values of some tokens whose predecessors are in a cache: carries out a KV policy for one step.
import type * as tf from '@tensorflow/tfjs-core';
import type { Attend, KeyValue, Visible } from '../model/layer.ts';
import { type CachedKeys, cachedAttention } from './cachedAttention.ts';
import { type KvPolicy, type KvView, viewsAt } from './kvPolicy.ts';
import type { KvAccess, KvCall } from './kvSession.ts';
import { type KvSlot, openSlot, visibleTokens } from './kvSlots.ts';
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
  /** What each view of the step, or of prelude or coda, shows of the cache; left out where it shows nothing. */
  past(stack: string): readonly PastView[];
  /** What the tokens at hand wrote last in the step's core, which a token that does not compute shows on. */
  readonly latest?: KvSlot | undefined;
}

export class CachedSession implements KvAccess {
  readonly policy: KvPolicy;
  /** What the tokens at hand have written, by stack. */
  readonly written = new Map<string, KvSlot>();
  readonly #options: CachedSessionOptions;

  constructor(policy: KvPolicy, options: CachedSessionOptions) {
    this.policy = policy;
    this.#options = options;
  }

  /** Attention of the step. */
  step(stack: string, t: number, call: KvCall): (layer: number) => Attend {
    const active = this.policy.write === 'active' ? call.active : undefined;
    return this.#attend(stack, this.policy.slot(t), viewsAt(this.policy, t), active);
  }

  /** Attention of a stack that is applied once: prelude and coda. */
  once(stack: string): (layer: number) => Attend {
    return this.#attend(stack, 0, [{ slots: [0] }], undefined);
  }

  selfContained(): undefined {
    return undefined;
  }

  #attend(
    stack: string,
    write: number | null,
    views: readonly KvView[],
    active: tf.Tensor | undefined,
  ): (layer: number) => Attend {
    const past = this.#options.past(stack);
    const { slot, fill } = openSlot(this.policy, this.#options.latest, active);
    if (write !== null) this.written.set(stack, slot);
    return (i) => (fresh) => {
      if (write !== null) slot.layers[i] = fill(fresh(), i);
      return views.map(({ slots, window }, n): Visible => {
        const own = write !== null && slots.includes(write) ? slot : undefined;
        return this.#visible(own, i, past[n] ?? { parts: [] }, window);
      });
    };
  }

  /** The tokens' own keys, if the view shows them, and what the cache shows. */
  #visible(own: KvSlot | undefined, i: number, view: PastView, window: number | undefined): Visible {
    const parts = view.parts.map(({ layers, index, mask }) => ({ ...(layers[i] as KeyValue), index, mask })); // a stack's layers
    const past = { parts, bias: view.bias };
    if (!own) return (q, heads) => cachedAttention(q, past, undefined, heads);
    const { k, v } = own.layers[i] as KeyValue; // has just been written
    const [, seq] = k.shape as [number, number];
    const keyMask = visibleTokens(own.has, this.#options.keyMask);
    const keys = {
      ...{ k, v },
      ...(keyMask ? { keyMask } : {}),
      ...(window !== undefined && window < seq ? { bias: viewBias({ seq, slots: 1, window }) } : {}),
    };
    return parts.length === 0 ? keys : (q, heads) => cachedAttention(q, past, keys, heads);
  }
}
