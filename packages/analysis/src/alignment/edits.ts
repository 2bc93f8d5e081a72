// Pairs of problems that differ in one symbol, so that everything that differs downstream goes through known chain steps.
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
 * For each instance one edit: the symbol at a random place of the problem is replaced by what another instance has there, such that the chain keeps
 * its steps and places, and the answer changes. Instances that find none in `tries` draws are left out. The answer must be the chain's last
 * value; instances of which it is not are left out too.
 */
export function edits(task: Task, instances: readonly Instance[], key: Key, tries = 24): Edit[] {
  return instances.flatMap((base, i) => {
    if (base.chain.at(-1)?.token !== base.answer) return [];
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
      const same = chain.length === base.chain.length && chain.every((s, n) => s.position === base.chain[n]?.position);
      const answer = chain.at(-1)?.token;
      if (!same || answer === undefined || answer === base.answer) continue;
      const steps = chain.flatMap((s, n) => (s.token === base.chain[n]?.token ? [] : [n + 1]));
      return [{ base, ids, position, answer, steps }];
    }
    return [];
  });
}
