// Pairs of problems that differ in one symbol, so that all that differs later goes through known chain steps.
import { fold, type Key, randint } from '@looplab/core';
import type { Task } from '@looplab/tasks';
import type { Instance } from '../instances.ts';

/** A problem and its twin with one symbol changed. */
export interface Edit {
  readonly base: Instance;
  /** The twin's row, [seq]. */
  readonly ids: Int32Array;
  /** Where the symbol was changed. */
  readonly position: number;
  /** The twin's answer. */
  readonly answer: number;
  /** Chain steps (from 1) whose value differs: each lies on the way from the symbol to the answer. */
  readonly steps: readonly number[];
}

/**
 * For each instance one edit: the symbol at a random place of the problem is replaced by what another instance has
 * there, such that the chain keeps its steps and places, and the answer changes. Instances that find none in `tries`
 * draws are left out. The answer must be the chain's last value; instances of which it is not are left out too.
 * @param options.until the problem ends with this chain step (from 1), whose value is its answer; for tasks that answer
 *   at every step
 */
export function edits(
  task: Task,
  instances: readonly Instance[],
  key: Key,
  options: { readonly until?: number; readonly tries?: number } = {},
): Edit[] {
  const { until, tries = 24 } = options;
  return instances.flatMap((whole, i) => {
    const base = until === undefined ? whole : endingWith(whole, until);
    if (base?.chain.at(-1)?.token !== base?.answer || !base) return [];
    const last = Math.max(...base.chain.map((s) => s.position));
    const from = fold(key, i);
    const places = randint(fold(from, 'place'), tries, last + 1);
    const donors = randint(fold(from, 'donor'), tries, instances.length);
    for (const [k, position] of places.entries()) {
      const symbol = instances[donors[k] ?? 0]?.ids[position];
      if (symbol === undefined || symbol === base.ids[position]) continue;
      const ids = base.ids.slice();
      ids[position] = symbol;
      const chain = (task.chain?.(ids) ?? []).filter((s) => s.problem === base.problem);
      const same =
        chain.length === whole.chain.length && chain.every((s, n) => s.position === whole.chain[n]?.position);
      const values = chain.slice(0, base.chain.length).map((s) => s.token);
      const answer = values.at(-1);
      if (!same || answer === undefined || answer === base.answer) continue;
      const steps = values.flatMap((v, n) => (v === base.chain[n]?.token ? [] : [n + 1]));
      return [{ base, ids, position, answer, steps }];
    }
    return [];
  });
}

/**
 * The problem of the first `steps` chain steps, answered where the last of them is known; undefined where there are
 * fewer.
 */
function endingWith(whole: Instance, steps: number): Instance | undefined {
  const chain = whole.chain.slice(0, steps);
  const last = chain.at(-1);
  if (!last || chain.length < steps) return undefined;
  return { ...whole, chain, answerAt: last.position, answer: last.token, answers: [last.token] };
}
