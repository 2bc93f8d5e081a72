// The keys and values of one parallel pass: carries out a KV policy for tokens that have none before them.
import { MASKED } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Attend, KeyValue, VisibleKeys } from '../model/layer.ts';
import { stopGradient } from '../recurrence/stopGradient.ts';
import { type KvPolicy, KvPolicyError, type KvView, standsAlone, viewsAt } from './kvPolicy.ts';
import { type OpenSlot, openSlot, slotKey, visibleTokens } from './kvSlots.ts';
import { viewBias } from './viewBias.ts';

export interface KvSessionOptions {
  /** [batch, seq] float32, 1 where a token may be attended to. */
  readonly keyMask?: tf.Tensor | undefined;
  /** [batch, seq] int32: tokens with the same number see each other. */
  readonly segments?: tf.Tensor | undefined;
}

/** How one call of a stack is treated. */
export interface KvCall {
  /** [batch, seq] float32, 1 where the token computes; undefined if all do. */
  readonly active?: tf.Tensor | undefined;
  /** Cuts the gradient through what is written, for steps without one. */
  readonly detach?: boolean;
}

/** Where a pass gets its attention from. */
export interface KvAccess {
  readonly policy: KvPolicy;
  step(stack: string, t: number, call: KvCall): (layer: number) => Attend;
  once(stack: string): (layer: number) => Attend;
  /** See {@link KvSession.selfContained}. */
  selfContained(
    t: number,
    later: readonly number[],
    active: tf.Tensor | undefined,
  ): { mask: tf.Tensor | undefined; attend(mask: tf.Tensor | undefined): (layer: number) => Attend } | undefined;
}

export class KvSession implements KvAccess {
  readonly policy: KvPolicy;
  /** What this session has written. */
  readonly written = new Map<string, OpenSlot>();
  readonly #keyMask: tf.Tensor | undefined;
  readonly #segments: tf.Tensor | undefined;
  /** What was written last in each stack. */
  readonly #latest = new Map<string, OpenSlot>();

  constructor(policy: KvPolicy, options: KvSessionOptions = {}) {
    this.policy = policy;
    this.#keyMask = options.keyMask;
    this.#segments = options.segments;
  }

  /** Attention of step `t` of a core. */
  step(stack: string, t: number, call: KvCall): (layer: number) => Attend<VisibleKeys> {
    return this.#attend(stack, this.policy.slot(t), viewsAt(this.policy, t), t, call);
  }

  /** Attention of a stack that is applied once: prelude and coda. */
  once(stack: string): (layer: number) => Attend<VisibleKeys> {
    return this.#attend(stack, 0, [{ slots: [0] }], 0, {});
  }

  /**
   * Attention of step `t` as a function of tensors alone, so that the call can be computed again in the backward pass:
   * `attend` of `mask`. Undefined if the step reads what others wrote, or one of the `later` steps of this core reads
   * what it writes.
   */
  selfContained(
    t: number,
    later: readonly number[],
    active: tf.Tensor | undefined,
  ):
    | { mask: tf.Tensor | undefined; attend(mask: tf.Tensor | undefined): (layer: number) => Attend<VisibleKeys> }
    | undefined {
    const { policy } = this;
    const views = viewsAt(policy, t);
    const own = policy.slot(t);
    if (own === null || !standsAlone(policy, t) || this.#segments) return undefined;
    const hides = active !== undefined && policy.write === 'active';
    if (hides && policy.missing === 'latest') return undefined;
    for (const u of later) {
      if (policy.slot(u) === own) break; // written anew before it is read
      if (viewsAt(policy, u).some((v) => v.slots.includes(own))) return undefined;
    }
    const see = (now: KeyValue, has: tf.Tensor | undefined): VisibleKeys[] =>
      views.map((v) => visible([{ now, has }], v.window));
    return {
      mask: visibleTokens(hides ? active : null, this.#keyMask),
      attend: (mask) => () => (fresh) => see(fresh(), mask),
    };
  }

  #attend(
    stack: string,
    write: number | null,
    views: readonly KvView[],
    t: number,
    call: KvCall,
  ): (layer: number) => Attend<VisibleKeys> {
    const active = this.policy.write === 'active' ? call.active : undefined;
    const { slot, fill } = openSlot(this.policy, this.#latest.get(stack), active);
    if (write !== null) {
      this.written.set(slotKey(stack, write), slot);
      this.#latest.set(stack, slot);
    }
    const biases = views.map(() => ({}) as { bias?: tf.Tensor }); // one for all layers
    return (i) => (fresh) => {
      if (write !== null) slot.layers[i] = call.detach ? detached(fill(fresh(), i)) : fill(fresh(), i);
      return views.map(({ slots, window }, n) => {
        const parts = slots.map((slot) => this.#part(stack, slot, i, t));
        return visible(parts, window, biases[n], this.#segments);
      });
    };
  }

  /** Layer `i` of a slot. */
  #part(stack: string, slot: number, i: number, t: number): Part {
    const here = this.written.get(slotKey(stack, slot));
    const now = here?.layers[i];
    if (!here || !now) {
      throw new KvPolicyError(
        `kv policy ${this.policy.id}: step ${t} reads slot ${slot}, which no step has written yet; let slot(${t}) or an earlier step write it`,
      );
    }
    return { now, has: visibleTokens(here.has, this.#keyMask) };
  }
}

/** One layer of one slot. */
interface Part {
  readonly now: KeyValue;
  readonly has: tf.Tensor | undefined;
}

/** Slots as one set of keys. A single one without window and segments keeps to the causal rule, for which attention is fastest. */
function visible(
  parts: readonly Part[],
  window: number | undefined,
  made: { bias?: tf.Tensor } = {},
  segments?: tf.Tensor,
): VisibleKeys {
  const [batch, seq] = (parts[0] as Part).now.k.shape as [number, number]; // a view has a slot
  const join = (xs: tf.Tensor[]): tf.Tensor => (xs.length === 1 ? (xs[0] as tf.Tensor) : tf.concat(xs, 1));
  const k = join(parts.map((p) => p.now.k));
  const v = join(parts.map((p) => p.now.v));
  const open = parts.every((p) => p.has === undefined);
  const keyMask = open ? undefined : join(parts.map((p) => p.has ?? tf.ones([batch, seq])));
  const seen = keyMask ? { k, v, keyMask } : { k, v };
  const narrow = window !== undefined && window < seq;
  if (parts.length === 1 && !narrow && !segments) return seen;
  if (!made.bias) {
    const bias = viewBias({ seq, slots: parts.length, window: narrow ? window : undefined });
    made.bias = segments ? tf.add(bias, apart(segments, parts.length)) : bias;
  }
  return { ...seen, bias: made.bias };
}

/** [batch, seq, slots * seq]: `MASKED` where query and key are of different segments, else 0. */
function apart(segments: tf.Tensor, slots: number): tf.Tensor {
  const differs = tf.cast(tf.notEqual(tf.expandDims(segments, 2), tf.expandDims(segments, 1)), 'float32');
  return tf.mul(tf.tile(differs, [1, 1, slots]), MASKED);
}

function detached({ k, v }: KeyValue): KeyValue {
  return { k: stopGradient(k), v: stopGradient(v) };
}
