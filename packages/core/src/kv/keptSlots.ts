// What a cache holds of tokens that are done, for policies that keep one slot of all that were written.
import * as tf from '@tensorflow/tfjs-core';
import { CODA, PRELUDE } from '../model/specs.ts';
import type { KvPolicy } from './kvPolicy.ts';
import { readSlots } from './kvPolicy.ts';
import { hasOf, type KvSlot, type KvSlots, slotKey } from './kvSlots.ts';

const keptKey = (stack: string): string => `${stack}/kept`;

/** Names of the cached slots that step `t` of a core reads of earlier tokens. */
export function prefixKeys(policy: KvPolicy, stack: string, t: number): readonly string[] {
  return policy.keep ? [keptKey(stack)] : readSlots(policy, t).map((slot) => slotKey(stack, slot));
}

/**
 * What to append to a cache of what a call's tokens wrote: all of it, or under `keep` one slot a core.
 * @param written slots of all stacks, those of skipped steps filled in
 */
export function keptSlots(policy: KvPolicy, written: KvSlots): KvSlots {
  if (!policy.keep) return written;
  const out: Record<string, KvSlot> = {};
  const ofCore = new Map<string, [number, KvSlot][]>();
  for (const [key, slot] of Object.entries(written)) {
    const [stack, n] = key.split('/') as [string, string]; // slotKey's form; names of cores have no slash
    if (stack === PRELUDE || stack === CODA) out[key] = slot;
    else ofCore.set(stack, [...(ofCore.get(stack) ?? []), [Number(n), slot]]);
  }
  for (const [stack, numbered] of ofCore) {
    const slots = numbered.sort(([a], [b]) => a - b).map(([, slot]) => slot);
    const [first, last] = [slots[0] as KvSlot, slots.at(-1) as KvSlot]; // a core is here because it wrote
    out[keptKey(stack)] = policy.keep === 'mean' ? meanSlot(slots) : policy.keep === 'first' ? first : last;
  }
  return out;
}

/** Mean over the slots in which a token wrote. */
function meanSlot(slots: readonly KvSlot[]): KvSlot {
  const all = slots.every((s) => s.has === null);
  const has = slots.map(hasOf);
  const total = has.reduce((a, b) => tf.add(a, b));
  const share = has.map((h) => tf.expandDims(tf.div(h, tf.maximum(total, 1)), 2)); // [batch, tokens, 1]
  const mean = (pick: (s: KvSlot) => tf.Tensor): tf.Tensor =>
    slots.map((s, n) => tf.mul(pick(s), share[n] as tf.Tensor)).reduce((a, b) => tf.add(a, b)); // a share a slot
  const layer = (i: number) => (s: KvSlot) => s.layers[i] as KvSlot['layers'][number]; // slots of one stack have its layers
  return {
    layers: (slots[0] as KvSlot).layers.map((_, i) => ({
      k: mean((s) => layer(i)(s).k),
      v: mean((s) => layer(i)(s).v),
    })),
    has: all ? null : tf.minimum(total, 1),
  };
}
