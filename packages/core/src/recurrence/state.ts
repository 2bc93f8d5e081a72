// What a strategy carries from step to step: named tensors, one row a token.
import * as tf from '@tensorflow/tfjs-core';
import { stopGradient } from './stopGradient.ts';
import { StrategyError } from './strategyError.ts';

/** Every leaf is [batch, seq, ...], so that the runtime can gather, freeze, carry and cache any state. */
export type State = Readonly<Record<string, tf.Tensor>>;

/** Applies `f` to every leaf. */
export function mapState<S extends State>(s: S, f: (leaf: tf.Tensor, name: string) => tf.Tensor): S {
  return Object.fromEntries(Object.entries(s).map(([k, v]) => [k, f(v, k)])) as unknown as S; // same keys as s
}

/** `s` with its leaves in the order of `like`: a state is packed leaf by leaf, and rules look at the first. */
export function inOrderOf<S extends State>(like: S, s: State): S {
  return mapState(like, (_, name) => s[name] as tf.Tensor); // the same leaves
}

/** Squared distance of the first leaf between two states, [batch, seq]. */
export function squaredChange(before: State, after: State): tf.Tensor {
  const [name, leaf] = Object.entries(after)[0] as [string, tf.Tensor]; // states have a leaf
  const d = tf.square(tf.sub(leaf, before[name] as tf.Tensor)); // same leaves in both
  return d.rank === 2 ? d : tf.sum(tf.reshape(d, [d.shape[0] ?? 0, d.shape[1] ?? 0, -1]), 2);
}

/** All leaves of a state side by side, [batch, seq, width], and the way back. */
export function packState<S extends State>(s: S): { packed: tf.Tensor; unpack: (packed: tf.Tensor) => S } {
  const leaves = Object.entries(s);
  const rows = (x: tf.Tensor): [number, number] => x.shape.slice(0, 2) as [number, number]; // [batch, seq, ...]
  const flat = leaves.map(([, x]) => tf.reshape(x, [...rows(x), x.size / (rows(x)[0] * rows(x)[1])]));
  const widths = flat.map((x) => x.shape[2] ?? 1);
  return {
    packed: flat.length === 1 ? (flat[0] as tf.Tensor) : tf.concat(flat, 2), // a state has a leaf
    unpack: (packed) => {
      const parts = widths.length === 1 ? [packed] : tf.split(packed, widths, 2);
      return Object.fromEntries(
        leaves.map(([name, x], i) => [name, tf.reshape(parts[i] as tf.Tensor, x.shape)]), // as many parts as leaves
      ) as unknown as S; // same leaves as s
    },
  };
}

/** A state without history. */
export function detachState<S extends State>(s: S): S {
  return mapState(s, stopGradient);
}

/**
 * `next` where `active` is 1, `last` elsewhere.
 * @param active [batch, seq] float32
 */
export function freeze<S extends State>(active: tf.Tensor, last: S, next: S): S {
  return mapState(next, (leaf, name) => {
    const mask = tf.reshape(active, [...active.shape, ...new Array<number>(leaf.rank - 2).fill(1)]);
    return tf.where(tf.cast(mask, 'bool'), leaf, last[name] as tf.Tensor); // both states were checked to have the same leaves
  });
}

/** Throws unless every leaf of `s` is [batch, seq, ...]. */
export function assertState(id: string, where: string, s: State, batch: number, seq: number): void {
  const leaves = Object.entries(s ?? {});
  if (leaves.length === 0) {
    throw new StrategyError(
      `strategy ${id}: ${where} returned a state without leaves; return at least one, such as { h }`,
    );
  }
  for (const [name, leaf] of leaves) {
    if (!(leaf instanceof tf.Tensor)) {
      throw new StrategyError(
        `strategy ${id}: ${where} returned '${name}' of type ${typeof leaf}; every leaf of a state must be a tensor [batch, seq, ...]`,
      );
    }
    if (leaf.shape[0] !== batch || leaf.shape[1] !== seq) {
      throw new StrategyError(
        `strategy ${id}: ${where} returned '${name}' of shape [${leaf.shape}]; every leaf of a state must start with [batch, seq] = [${batch}, ${seq}]`,
      );
    }
  }
}

/** Throws unless `next` has the leaves and shapes of `last`. */
export function assertSameState(id: string, where: string, last: State, next: State): void {
  const names = (s: State): string => Object.keys(s).sort().join(', ');
  if (names(last) !== names(next)) {
    throw new StrategyError(
      `strategy ${id}: ${where} returned the leaves ${names(next)}; it must return those of init(): ${names(last)}`,
    );
  }
  for (const [name, leaf] of Object.entries(last)) {
    const got = next[name]?.shape ?? [];
    if (`${got}` !== `${leaf.shape}`) {
      throw new StrategyError(
        `strategy ${id}: ${where} returned '${name}' of shape [${got}]; a state keeps its shapes, init() made it [${leaf.shape}]`,
      );
    }
  }
}
