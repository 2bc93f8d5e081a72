// Which keys and values a loop writes and reads: chosen once for a run, bound by the runtime, never seen by a layer.

/** Slots that one attention sees together, each by the causal rule; `window` limits it to the last tokens, the query's own included. */
export interface KvView {
  readonly slots: readonly number[];
  readonly window?: number;
}

export interface KvPolicy {
  readonly id: string;
  /** Plain JSON from which the policy can be made again. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Where step `t` writes; null if it writes nothing. */
  slot(t: number): number | null;
  /** What step `t` reads. Two views are blended by a learned gate (`CoreSpec.viewGate`). */
  views(t: number): readonly KvView[];
  /** Whether tokens that do not compute step `t` write there all the same (and so must be computed). */
  readonly write: 'all' | 'active';
  /** What others see of a token that did not write: what it wrote last, or nothing. */
  readonly missing: 'latest' | 'none';
  /**
   * What is kept of a token once it is done, where that is not every slot: its first or last slot or the mean of all,
   * shown to later tokens at every step (arXiv 2510.25741, section 5.4.2). The tokens of one call still see each other
   * step by step, so a prompt is computed as in training.
   */
  readonly keep?: 'first' | 'last' | 'mean';
  /** Why cached decoding differs from the parallel pass; left out where they are equal. */
  readonly inexact?: string;
}

/** A KV policy that the runtime cannot carry out. */
export class KvPolicyError extends Error {
  override readonly name = 'KvPolicyError';
}

/** The single slot that step `t` reads. */
export function readSlot(policy: KvPolicy, t: number): number {
  const views = policy.views(t);
  const [view] = views;
  const [slot] = view?.slots ?? [];
  if (views.length !== 1 || view?.slots.length !== 1 || slot === undefined) {
    const n = views.map((v) => v.slots.length).join(' and ') || 'no';
    throw new KvPolicyError(
      `kv policy ${policy.id}: views(${t}) names ${n} slots; this runtime reads exactly one slot a step, such as views: t => [{ slots: [t] }]`,
    );
  }
  if (view.window !== undefined) {
    throw new KvPolicyError(
      `kv policy ${policy.id}: views(${t}) has a window; this runtime reads whole slots, leave window out`,
    );
  }
  return slot;
}
