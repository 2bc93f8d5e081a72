// How much there is to work out before a token can be answered: the steps of its problem's chain up to it.
import type { AnalysisContext } from './context.ts';
import { rowsOf } from './context.ts';
import type { Readouts } from './readouts.ts';

/**
 * Chain steps that a token's answer needs, one number a token of the readouts; undefined where the task has no chain.
 */
export function difficulty(context: AnalysisContext, of: Readouts): Int32Array | undefined {
  const { task } = context;
  if (!task.chain) return undefined;
  const batch = task.validation(0, rowsOf(context));
  const { seq } = batch;
  const chains = new Map<number, readonly { problem: number; position: number }[]>();
  return Int32Array.from({ length: of.tokens }, (_, i) => {
    const [row, position] = [of.row[i] ?? 0, of.position[i] ?? 0];
    const chain = chains.get(row) ?? task.chain?.(batch.ids.subarray(row * seq, (row + 1) * seq)) ?? [];
    chains.set(row, chain);
    const read = chain.filter((s) => s.position <= position);
    const own = batch.segments?.[row * seq + position] ?? read.at(-1)?.problem;
    return read.filter((s) => s.problem === own).length;
  });
}
