// The keys and values of one forward pass: carries out a KV policy for the tokens at hand and those before them.
import * as tf from '@tensorflow/tfjs-core';
import type { Attend, KeyValue } from '../model/layer.ts';
import { stopGradient } from '../recurrence/stopGradient.ts';
import { type KvPolicy, KvPolicyError, readSlot } from './kvPolicy.ts';
import { hasOf, type KvSlot, type KvSlots, slotKey } from './kvSlots.ts';

export interface KvSessionOptions {
  /** [batch, seq] float32, 1 where a token of this pass may be attended to. */
  readonly keyMask?: tf.Tensor | undefined;
  /** Slots of the tokens before this pass, in parts, earliest first. */
  readonly prefix?: readonly KvSlots[] | undefined;
  /** Slots the tokens of this pass have written outside this session. */
  readonly here?: KvSlots | undefined;
  /** What the tokens of this pass wrote last in each stack, if some of it happened outside this session. */
  readonly latest?: Readonly<Record<string, KvSlot>> | undefined;
}

/** How one call of a stack is treated. */
export interface KvCall {
  /** [batch, seq] float32, 1 where the token computes; undefined if all do. */
  readonly active?: tf.Tensor | undefined;
  /** Cuts the gradient through what is written, for steps without one. */
  readonly detach?: boolean;
}

export class KvSession {
  readonly policy: KvPolicy;
  /** What this session has written. */
  readonly written = new Map<string, { layers: KeyValue[]; has: tf.Tensor | null }>();
  readonly #prefix: readonly KvSlots[];
  readonly #here: KvSlots;
  readonly #keyMask: tf.Tensor | undefined;
  readonly #latest: Map<string, { layers: KeyValue[]; has: tf.Tensor | null }>;

  constructor(policy: KvPolicy, options: KvSessionOptions = {}) {
    this.policy = policy;
    this.#prefix = options.prefix ?? [];
    this.#here = options.here ?? {};
    this.#keyMask = options.keyMask;
    this.#latest = new Map(
      Object.entries(options.latest ?? {}).map(([k, s]) => [k, { layers: [...s.layers], has: s.has }]),
    );
  }

  /** Attention of step `t` of a core. */
  step(stack: string, t: number, call: KvCall): (layer: number) => Attend {
    return this.#attend(stack, this.policy.slot(t), readSlot(this.policy, t), t, call);
  }

  /** Attention of a stack that is applied once: prelude and coda. */
  once(stack: string): (layer: number) => Attend {
    return this.#attend(stack, 0, 0, 0, {});
  }

  /** True if step `t` reads exactly what it writes, so that nothing of it is needed later or elsewhere. */
  selfContained(t: number): boolean {
    return this.policy.slot(t) === readSlot(this.policy, t) && this.#prefix.length === 0;
  }

  #attend(stack: string, write: number | null, read: number, t: number, call: KvCall): (layer: number) => Attend {
    const active = this.policy.write === 'active' ? call.active : undefined;
    const before = this.#latest.get(stack);
    const fill = active !== undefined && this.policy.missing === 'latest' && before !== undefined;
    let here: { layers: KeyValue[]; has: tf.Tensor | null } | undefined;
    if (write !== null) {
      // A token that fills in has keys if it had any before; one that does not has them only if it computes.
      let has = active ?? null;
      if (fill) has = before.has === null ? null : tf.maximum(before.has, active);
      here = { layers: [], has };
      this.written.set(slotKey(stack, write), here);
      this.#latest.set(stack, here);
    }
    return (i) => (fresh) => {
      if (here)
        here.layers[i] = this.#write(fresh(), fill ? before.layers[i] : undefined, active, call.detach === true);
      return this.#read(stack, read, i, t);
    };
  }

  #write(fresh: KeyValue, before: KeyValue | undefined, active: tf.Tensor | undefined, detach: boolean): KeyValue {
    const one = (x: tf.Tensor, old: tf.Tensor | undefined): tf.Tensor => {
      const kept = old && active ? tf.where(tf.cast(tf.expandDims(active, 2), 'bool'), x, old) : x;
      return detach ? stopGradient(kept) : kept;
    };
    return { k: one(fresh.k, before?.k), v: one(fresh.v, before?.v) };
  }

  #read(stack: string, slot: number, i: number, t: number): KeyValue & { keyMask?: tf.Tensor } {
    const key = slotKey(stack, slot);
    const here = this.written.get(key) ?? this.#here[key];
    const now = here?.layers[i];
    if (!here || !now) {
      throw new KvPolicyError(
        `kv policy ${this.policy.id}: step ${t} reads slot ${slot}, which no step has written yet; let slot(${t}) or an earlier step write it`,
      );
    }
    const mine = both(here.has, this.#keyMask);
    const past = this.#prefix.flatMap((part) => part[key] ?? []);
    if (past.length === 0) return mine ? { ...now, keyMask: mine } : now;
    const old = past.map((s) => s.layers[i] as KeyValue); // slots of one stack have its layers
    const seen = mine ?? tf.ones([now.k.shape[0] ?? 0, now.k.shape[1] ?? 0]);
    return {
      k: tf.concat([...old.map((x) => x.k), now.k], 1),
      v: tf.concat([...old.map((x) => x.v), now.v], 1),
      keyMask: tf.concat([...past.map(hasOf), seen], 1),
    };
  }
}

function both(a: tf.Tensor | null, b: tf.Tensor | undefined): tf.Tensor | undefined {
  if (a && b) return tf.mul(a, b);
  return a ?? b;
}
