// What each loop should say when loop t is to learn step t of the chain of thought.
import { type ChainStep, type Task, type TaskBatch, TaskError } from './task.ts';

/** Supervision of every loop at every position, row-major `[batch, seq, steps]`. */
export interface ChainTargets {
  /** Symbols of the task; 0 where the weight is 0. */
  readonly targets: Int32Array;
  /** The position's own weight; 0 where it is not scored or nothing of its problem is worked out yet. */
  readonly weights: Float32Array;
}

/**
 * For each scored position and each loop `t = 0..steps-1`, the value of reasoning step `t + 1` of the position's problem, counting only
 * steps whose operands have been read by then; after the last one its value repeats. With `steps >= task.chainSteps` the last
 * loop learns the last value, which is the answer in every task here whose answer is one symbol (not in `addition`); with fewer it
 * learns a value on the way.
 *
 * This is the alignment of loops with a written chain in RELAY (arXiv 2502.08482). A position belongs to the problem its segment names;
 * without segments, to the problem of the latest step at or before it.
 *
 * @throws TaskError where the task has no chain or `steps` is no whole number >= 1
 */
export function chainTargets(task: Task, batch: TaskBatch, steps: number): ChainTargets {
  if (task.chain === undefined)
    throw new TaskError(`chainTargets: task ${task.name} has no chain of thought; use one that has, such as mano`);
  if (!Number.isInteger(steps) || steps < 1)
    throw new TaskError(`chainTargets: steps must be a whole number >= 1 (got ${steps})`);
  const { ids, seq, segments } = batch;
  const targets = new Int32Array(ids.length * steps);
  const weights = new Float32Array(ids.length * steps);
  for (let row = 0; row < batch.batch; row++) {
    const chain = task.chain(ids.subarray(row * seq, (row + 1) * seq));
    for (let t = 0; t < seq; t++) {
      const at = row * seq + t;
      const weight = batch.weights[at] ?? 0;
      if (weight === 0) continue;
      const known = stepsKnownAt(chain, t, segments?.[at]);
      const last = known.at(-1);
      if (last === undefined) continue;
      for (let s = 0; s < steps; s++) targets[at * steps + s] = (known[s] ?? last).token;
      weights.fill(weight, at * steps, (at + 1) * steps);
    }
  }
  return { targets, weights };
}

function stepsKnownAt(chain: readonly ChainStep[], position: number, segment: number | undefined): ChainStep[] {
  const read = chain.filter((step) => step.position <= position);
  const problem =
    segment ??
    read.reduce((latest, step) => (step.position >= latest.position ? step : latest), {
      position: -1,
      problem: -1,
    }).problem;
  return read.filter((step) => step.problem === problem);
}
