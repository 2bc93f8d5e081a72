// The run that writes its chain of thought, made a context of its own and checked to be of the same problems.
import type { ChainTask, Task } from '@looplab/tasks';
import { AnalysisError } from './analysisError.ts';
import { type AnalysisContext, assertContext } from './context.ts';

/** A context whose task writes its chain out. */
export type WriterContext = AnalysisContext & { readonly task: ChainTask };

export function isChainTask(task: Task): task is ChainTask {
  return 'inner' in task && 'chainMark' in task && 'answerMark' in task;
}

/**
 * The writer that goes with a context, with the same rows and seed; undefined where there is none.
 * @throws AnalysisError where it does not write a chain, or writes that of another task
 */
export function writerOf(context: AnalysisContext): WriterContext | undefined {
  if (!context.writer) return undefined;
  const { task } = context.writer;
  if (!isChainTask(task))
    throw new AnalysisError(
      `writer: task ${task.name} does not write its chain; pass a run that was trained on withChain(${context.task.name})`,
    );
  if (JSON.stringify(task.inner.config) !== JSON.stringify(context.task.config))
    throw new AnalysisError(
      `writer: it writes the chains of another task (${JSON.stringify(task.inner.config)}); pass one of ${JSON.stringify(context.task.config)}`,
    );
  const writer = { ...context, ...context.writer, task };
  assertContext(writer);
  return writer;
}
