// The problems in the held-out rows: where each is answered, and the intermediate values of its chain.
import type { ChainStep } from '@looplab/tasks';
import { AnalysisError } from './analysisError.ts';
import { type AnalysisContext, rowsOf } from './context.ts';

/** One problem with one answer. */
export interface Instance {
  /** Held-out row, from 0. */
  readonly row: number;
  /** Which problem of the row, from 0. */
  readonly problem: number;
  /** The row's symbols, [seq]. */
  readonly ids: Int32Array;
  /** Which problem each symbol belongs to, [seq], where the problems of a row do not see each other. */
  readonly segments?: Int32Array;
  /** Position whose prediction is the answer, of several symbols the first. */
  readonly answerAt: number;
  /** The answer, of several symbols the first. */
  readonly answer: number;
  /** The whole answer; `Task.answerLength` symbols, mostly one. */
  readonly answers: readonly number[];
  /** Intermediate values in the order in which a person works them out. */
  readonly chain: readonly ChainStep[];
}

/**
 * Every problem of the held-out rows that is complete: it has a chain, and a scored position from its last step on. The
 * last such positions of the problem are the answer's: a running product is answered at its end, a written chain after
 * it.
 * @throws AnalysisError where the task has no chain or no problem is complete
 */
export function instances(context: AnalysisContext): Instance[] {
  const { task } = context;
  const chainOf = task.chain;
  if (!chainOf)
    throw new AnalysisError(
      `task ${task.name} gives no chain of intermediate values; use a task with chain(), such as groupWords or mano`,
    );
  const rows = rowsOf(context);
  const found: Instance[] = [];
  const batch = task.validation(0, rows);
  const { seq } = batch;
  for (let row = 0; row < rows; row++) {
    const ids = batch.ids.slice(row * seq, (row + 1) * seq);
    const segments = batch.isolated ? batch.segments?.slice(row * seq, (row + 1) * seq) : undefined;
    const chain = chainOf.call(task, ids);
    for (const problem of new Set(chain.map((s) => s.problem))) {
      const steps = chain.filter((s) => s.problem === problem);
      const last = Math.max(...steps.map((s) => s.position));
      const next = Math.min(...chain.filter((s) => s.problem > problem).map((s) => s.position));
      const scored = (at: number): boolean =>
        (batch.weights[row * seq + at] ?? 0) > 0 && (batch.segments?.[row * seq + at] ?? problem) === problem;
      const end = Array.from({ length: seq }, (_, i) => i).findLast((i) => i >= last && i < next && scored(i));
      if (end === undefined) continue; // cut off before its answer
      const answerAt = end + 1 - (task.answerLength ?? 1);
      const answers = Array.from(batch.targets.subarray(row * seq + answerAt, row * seq + end + 1));
      found.push({
        ...{ row, problem, ids, answerAt, answer: answers[0] ?? 0, answers, chain: steps },
        ...(segments ? { segments } : {}),
      });
    }
  }
  if (found.length === 0)
    throw new AnalysisError(
      `no problem of task ${task.name} is complete in ${rows} held-out rows; use longer rows or more of them`,
    );
  return found;
}
