// Which keys and values a loop writes and reads: chosen once for a run, bound by the runtime, never seen by a layer.

/** Slots that one attention sees together, each by the causal rule; `window` limits it to the last tokens, the query's own included. */
export interface KvView {
  readonly slots: readonly number[];
  readonly window?: number;
}

export interface KvPolicy {
  readonly id: string;
  /** Plain JSON from which `kvPolicyById(id, options)` makes the policy again. */
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
  /** With `keep`: of tokens that were fed together, a prompt, every slot stays, which later tokens see step by step. */
  readonly keepPrompt?: boolean;
  /** Why cached decoding differs from the parallel pass; left out where they are equal. */
  readonly inexact?: string;
}

/** A KV policy that the runtime cannot carry out. */
export class KvPolicyError extends Error {
  override readonly name = 'KvPolicyError';
}

/** What step `t` reads, checked: one view or two, each of at least one slot, windows of at least one token. */
export function viewsAt(policy: KvPolicy, t: number): readonly KvView[] {
  const views = policy.views(t);
  const fail = (problem: string, fix: string): never => {
    throw new KvPolicyError(`kv policy ${policy.id}: views(${t}) ${problem}; ${fix}`);
  };
  if (views.length < 1 || views.length > 2)
    fail(`returned ${views.length} views`, 'return one, such as [{ slots: [t] }], or two for a gate to blend');
  for (const { slots, window } of views) {
    if (slots.length === 0) fail('has a view of no slots', 'name the slots it reads, such as slots: [t]');
    if (window !== undefined && !(Number.isInteger(window) && window >= 1))
      fail(`has window ${window}`, 'a window is a whole number of tokens >= 1, the own included');
    if (policy.keep && (views.length > 1 || slots.length > 1))
      fail('names several slots', `keep: '${policy.keep}' leaves one of earlier tokens, so read one`);
  }
  return views;
}

/** Every slot that step `t` reads, once, in ascending order. */
export function readSlots(policy: KvPolicy, t: number): readonly number[] {
  return [...new Set(viewsAt(policy, t).flatMap((v) => v.slots))].sort((a, b) => a - b);
}

/** Whether step `t` attends to nothing but what it writes itself. */
export function standsAlone(policy: KvPolicy, t: number): boolean {
  const own = policy.slot(t);
  return own !== null && viewsAt(policy, t).every((v) => v.slots.every((s) => s === own));
}
