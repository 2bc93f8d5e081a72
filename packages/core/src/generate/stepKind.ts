// What a step of a plan computes, in names that steps share wherever one computation can serve them.
import { type KvPolicy, KvPolicyError, viewsAt } from '../kv/kvPolicy.ts';
import type { Micro, Plan } from '../recurrence/plan.ts';
import type { Strategy } from '../recurrence/strategy.ts';

/** Cache slots of policies that keep one slot of a finished token: what is kept, and what its last loop wrote. */
export const KEPT = 'kept';
const NOW = 'now';

export interface StepKind {
  /** Equal for steps of one plan that one computation serves. */
  readonly id: string;
  /** The step as that computation sees it: its `t` is 0 if `alike`. */
  readonly k: Micro;
  /** Whether rows at different steps, those that begin included, can be computed together. */
  readonly alike: boolean;
  /** The policy of this step alone, with slots numbered in the order of their mention. */
  readonly policy: KvPolicy;
  /** The cache's name of the slot that it writes. */
  readonly write: string | null;
  /** What it reads: cache slots of each view; `own` where what the tokens at hand show there is made in this very step. */
  readonly views: readonly {
    readonly slots: readonly { readonly name: string; readonly own: boolean }[];
    readonly window?: number | undefined;
  }[];
}

/**
 * The steps of a plan.
 * @param number tells the plan from others
 * @throws KvPolicyError if a step reads a slot before any step has written it
 */
export function stepKinds(strategy: Strategy, policy: KvPolicy, plan: Plan, number: number): StepKind[] {
  const alike = strategy.stationary === true && strategy.active === undefined;
  const written = new Set<string>();
  return plan.steps.map((k, i) => {
    const slot = policy.slot(k.t);
    const views = viewsAt(policy, k.t);
    if (slot !== null) written.add(`${k.core}/${slot}`);
    const missing = views.flatMap((v) => v.slots).find((s) => !written.has(`${k.core}/${s}`));
    if (missing !== undefined) {
      throw new KvPolicyError(
        `kv policy ${policy.id}: step ${k.t} reads slot ${missing}, which no step has written yet; let slot(${k.t}) or an earlier step write it`,
      );
    }
    if (policy.keep && views.some((v) => v.slots.some((s) => s !== slot))) {
      throw new KvPolicyError(
        `kv policy ${policy.id}: step ${k.t} reads a slot that it does not write, and keep: '${policy.keep}' leaves none of them; let views(${k.t}) be [{ slots: [slot(${k.t})] }]`,
      );
    }
    const numbers = new Map<number, number>(slot === null ? [] : [[slot, 0]]);
    const numbered = views.map(({ slots, window }) => ({
      slots: slots.map((s) => {
        const n = numbers.get(s) ?? numbers.size + (slot === null ? 1 : 0);
        numbers.set(s, n);
        return n;
      }),
      ...(window === undefined ? {} : { window }),
    }));
    const micro: Micro = { ...k, t: alike ? 0 : k.t, grad: true }; // nothing is differentiated here
    const { keep: _, ...rules } = policy;
    const nameOf = (of: number, otherwise: string): string => (policy.keep && !policy.keepPrompt ? otherwise : `${of}`);
    return {
      id: JSON.stringify([number, micro, plan.steps[i - 1]?.inner === true, slot !== null, numbered]),
      k: micro,
      alike,
      policy: { ...rules, slot: () => (slot === null ? null : 0), views: () => numbered },
      write: slot === null ? null : nameOf(slot, NOW),
      views: views.map(({ slots, window }) => ({
        slots: slots.map((s) => ({ name: nameOf(s, KEPT), own: s === slot })),
        window,
      })),
    };
  });
}

/** Every cache slot that the steps of a core write, and what is kept of it. */
export function slotsOf(kinds: readonly StepKind[], core: string): string[] {
  const names = new Set<string>();
  for (const { k, write, views } of kinds) {
    if (k.core !== core) continue;
    if (write !== null) names.add(write);
    for (const v of views) for (const s of v.slots) names.add(s.name);
  }
  return [...names];
}
