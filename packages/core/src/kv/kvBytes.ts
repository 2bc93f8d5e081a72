// How much memory a KV policy needs for every token that is kept.
import type { ModelConfig } from '../model/config.ts';
import { CODA, PRELUDE, type StackShape } from '../model/specs.ts';
import { stacksOf } from '../recurrence/layout.ts';
import { planContext, plansOf } from '../recurrence/pass.ts';
import type { Strategy } from '../recurrence/strategy.ts';
import { type KvPolicy, readSlots, viewsAt } from './kvPolicy.ts';
import { slotKey } from './kvSlots.ts';

const BYTES = 4; // float32

/**
 * Bytes a token in a context of `tokens`, keys and values of prelude and coda included: every slot that some loop reads,
 * of all trajectories. A slot that is only read through windows holds their last tokens, so its share falls with the
 * context and is 0 for an endless one, the default. Tokens that skip loops may take less; prompts whose every slot is kept
 * (`keepPrompt`) take as much as without a policy that keeps one.
 */
export function kvBytesPerToken(
  config: ModelConfig,
  strategy: Strategy,
  policy: KvPolicy = strategy.kv,
  loops: number = config.loops,
  tokens: number = Number.POSITIVE_INFINITY,
): number {
  const stacks = stacksOf(config, strategy);
  const slotBytes = (stack: string): number => {
    const { layers, dModel } = stacks[stack] as StackShape; // callers name stacks that exist
    return BYTES * 2 * layers * dModel;
  };
  let total = [PRELUDE, CODA].reduce((n, stack) => n + (stack in stacks ? slotBytes(stack) : 0), 0);
  for (const { steps } of plansOf(strategy, planContext(strategy, config, { loops, train: false }))) {
    const reach = new Map<string, { bytes: number; window: number }>();
    for (const { core, t } of steps) {
      const names = policy.keep ? [`${core}/kept`] : readSlots(policy, t).map((slot) => slotKey(core, slot));
      for (const name of names) {
        const windows = viewsAt(policy, t)
          .filter((v) => policy.keep !== undefined || v.slots.some((s) => name === slotKey(core, s)))
          .map((v) => v.window ?? Number.POSITIVE_INFINITY);
        const window = Math.max(reach.get(name)?.window ?? 0, ...windows);
        reach.set(name, { bytes: slotBytes(core), window });
      }
    }
    for (const { bytes, window } of reach.values()) total += window < tokens ? (bytes * window) / tokens : bytes;
  }
  return total;
}
