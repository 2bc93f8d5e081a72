// A task with its chain of thought written out: the baseline that talks where a looped model thinks.
import { z } from 'zod';
import { type Task, type TaskBatch, TaskError } from './task.ts';

export const withChainOptions = z.strictObject({
  inner: z
    .looseObject({ name: z.string() })
    .describe('the task to write out: its name and its options, such as {"name":"mano","maxOps":3}'),
});

/** A task whose rows spell out their reasoning, and the two symbols that mark it. */
export interface ChainTask extends Task {
  readonly inner: Task;
  /** Stands after the problem: the chain begins. */
  readonly chainMark: number;
  /** Stands after the chain: the answer follows. Also fills rows up. */
  readonly answerMark: number;
}

/**
 * `problem <chain> v_1 … v_k <answer> a`: the symbols of a row of `inner` up to where its answer is asked (the last scored position, or the
 * last `answerLength` ones), the values of its chain in evaluation order, and the answer. Symbols are those of `inner`, then `<chain>` and `<answer>`. The answer's last symbol is only a
 * target, so `seq` is `inner.seq + inner.chainSteps + 2`; shorter rows are filled up on the right with `<answer>` at weight 0 and `keyMask` 0.
 *
 * Scored are the values (their number stands in `steps`), `<answer>` and the answer: what a model has to write. Accuracy on these
 * batches is teacher-forced: each value is judged with the right ones before it, and the answer repeats the last value. Whether a model
 * finds the answer by itself is told by letting it write from `<chain>` on.
 *
 * Made for one problem a row, such as group words (the answer is the last running product) and Mano without packing.
 *
 * @throws TaskError where `inner` has no chain of thought or packs several problems into a row
 *
 * @example
 * const task = withChain(groupWords({ group: 'Z5', seq: 3 }));
 * task.decode(task.validation(0, 1).ids); // something like `1 3 4 <chain> 1 4 3 <answer>`
 */
export function withChain(inner: Task): ChainTask {
  const { chainSteps } = inner;
  const chain = inner.chain?.bind(inner);
  if (chain === undefined || chainSteps === undefined) {
    throw new TaskError(
      `withChain: task ${inner.name} has no chain of thought to write; use one that has, such as mano`,
    );
  }
  const chainMark = inner.vocab;
  const answerMark = inner.vocab + 1;
  const seq = inner.seq + chainSteps + 2;

  const written = (batch: TaskBatch): TaskBatch => {
    const size = batch.batch * seq;
    const out = {
      ids: new Int32Array(size).fill(answerMark),
      targets: new Int32Array(size),
      weights: new Float32Array(size),
      keyMask: new Float32Array(size),
      steps: new Int32Array(size),
      batch: batch.batch,
      seq,
    };
    for (let row = 0; row < batch.batch; row++) {
      const from = row * inner.seq;
      const ids = batch.ids.subarray(from, from + inner.seq);
      const last = batch.weights.subarray(from, from + inner.seq).findLastIndex((weight) => weight > 0);
      const end = last < 0 ? last : last + 1 - (inner.answerLength ?? 1);
      const values = chain(ids).filter((step) => step.position <= end);
      if (values.some((step) => step.problem !== values[0]?.problem)) {
        throw new TaskError(
          `withChain: a row of task ${inner.name} holds several problems; set its packing to 'none', one problem a row`,
        );
      }
      const at = row * seq;
      out.keyMask[at] = 1; // a row without any problem (past the last held-out one) still has a first symbol to see
      if (end < 0) continue;
      const answer = batch.targets.subarray(from + end, from + last + 1);
      const symbols = [
        ...ids.subarray(0, end + 1),
        chainMark,
        ...values.map((step) => step.token),
        answerMark,
        ...answer,
      ];
      const length = symbols.length - 1;
      out.ids.set(symbols.slice(0, -1), at);
      out.keyMask.fill(1, at, at + length);
      for (let t = end + 1; t < length; t++) {
        out.targets[at + t] = symbols[t + 1] ?? 0;
        out.weights[at + t] = 1;
        if (t - end <= values.length) out.steps[at + t] = t - end;
      }
    }
    return out;
  };

  return {
    name: 'withChain',
    inner,
    chainMark,
    answerMark,
    vocab: inner.vocab + 2,
    seq,
    chance: inner.chance,
    metric: inner.metric,
    config: { name: 'withChain', inner: inner.config },
    ...(inner.validationRows === undefined ? {} : { validationRows: inner.validationRows }),
    train: (seed, step, batch) => written(inner.train(seed, step, batch)),
    validation: (index, batch) => written(inner.validation(index, batch)),
    decode: (ids) => decoded(inner, Array.from(ids)),
    ...(inner.answerLength === undefined ? {} : { answerLength: inner.answerLength }),
    chainSteps,
    chain: (ids) => {
      const end = Array.prototype.indexOf.call(ids, chainMark);
      return chain(end < 0 ? ids : Array.from(ids).slice(0, end));
    },
  };
}

/** The inner task's text with the marks between; neighbours are given to it together, as it may join them. */
function decoded(inner: Task, ids: readonly number[]): string {
  const marks = ['<chain>', '<answer>'];
  const parts: string[] = [];
  for (let from = 0; from < ids.length; ) {
    const mark = marks[(ids[from] ?? 0) - inner.vocab];
    const next = mark === undefined ? ids.findIndex((id, at) => at > from && id >= inner.vocab) : from + 1;
    const to = next < 0 ? ids.length : next;
    parts.push(mark ?? inner.decode(ids.slice(from, to)));
    from = to;
  }
  return parts.join(' ');
}
