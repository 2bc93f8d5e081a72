// The contract between data and training: a task is two pure streams of batches, one to train on and one held out.

/** One batch of next-symbol prediction, row-major `[batch, seq]`. */
export interface TaskBatch {
  /** Input symbols, `[batch, seq]`, each in `0..vocab-1`. */
  readonly ids: Int32Array;
  /** What the model should say at each position, `[batch, seq]`; already aligned, no shift is left to do. */
  readonly targets: Int32Array;
  /** How much each position counts, `[batch, seq]`; 0 = not scored. */
  readonly weights: Float32Array;
  /** 1 where a symbol is there, 0 where a row is filled up, `[batch, seq]`; rows are filled up on the right. Absent: nothing to hide. */
  readonly keyMask?: Float32Array;
  /** Written chains: `s >= 1` where the target is reasoning step `s` of its problem, else 0, `[batch, seq]`. */
  readonly steps?: Int32Array;
  /** Packed rows: which problem of its row a position belongs to, from 0 as in `ChainStep.problem`, `[batch, seq]`. */
  readonly segments?: Int32Array;
  /** Whether a position may see only those of its own segment (attention block-diagonal by problem). */
  readonly isolated?: boolean;
  /** Stored knowledge: which attribute of `Task.knowledge` a target tells, from 1; 0 = none, `[batch, seq]`. */
  readonly attributes?: Int32Array;
  readonly batch: number;
  readonly seq: number;
}

/** How much a task's data has to teach, for measures of capacity in bits. */
export interface Knowledge {
  /** N: how many subjects there are. */
  readonly people: number;
  /** N0: how many names a subject could have. */
  readonly nameSpace: number;
  /** What is told of each subject and from how many values it was drawn, uniformly; the first is the name. */
  readonly attributes: readonly { readonly name: string; readonly choices: number }[];
}

/** One intermediate value of an instance, in the order in which a person would work it out. */
export interface ChainStep {
  /** Which instance of the row this belongs to, from 0; a packed row holds several. */
  readonly problem: number;
  /** The position in the row at which everything needed for this value has been read. */
  readonly position: number;
  /** The value as a symbol of the task. */
  readonly token: number;
  /** The step in words, such as `3 * 5 = 15`. */
  readonly text: string;
}

/**
 * A source of training and validation batches. Both streams are pure functions of their arguments,
 * so a run can be resumed, re-batched or audited at any step; row `r` does not depend on the batch size.
 */
export interface Task {
  readonly name: string;
  /** Number of symbols; ids and targets are below it. */
  readonly vocab: number;
  readonly seq: number;
  /** Accuracy of guessing uniformly among the possible answers. */
  readonly chance: number;
  readonly metric: 'accuracy' | 'bitsPerByte';
  /** Mean bytes of text behind a held-out symbol, for `bitsPerByte`; absent: 1. */
  readonly bytesPerSymbol?: number;
  /** Plain JSON that identifies the data: equal configs give equal streams, and `taskById(name, config)` makes the task again. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Number of distinct validation rows where the held-out data is finite; absent where it is endless. */
  readonly validationRows?: number;
  /** What there is to know, where the data is a store of facts. */
  readonly knowledge?: Knowledge;
  train(seed: number, step: number, batch: number): TaskBatch;
  validation(index: number, batch: number): TaskBatch;
  /** Symbols as text for people. */
  decode(ids: ArrayLike<number>): string;
  /** How many symbols an answer has: the last scored ones of a problem; absent: 1. */
  readonly answerLength?: number;
  /** The most steps that `chain` gives for one problem; the depth at which one loop a step is enough. */
  readonly chainSteps?: number;
  /** The chain of thought of one row of ids: its intermediate values in evaluation order. */
  chain?(ids: ArrayLike<number>): readonly ChainStep[];
}

/** An empty batch to be filled row by row. */
export function emptyBatch(batch: number, seq: number): TaskBatch {
  if (!Number.isInteger(batch) || batch < 1) throw new TaskError(`batch must be a whole number >= 1 (got ${batch})`);
  const size = batch * seq;
  return { ids: new Int32Array(size), targets: new Int32Array(size), weights: new Float32Array(size), batch, seq };
}

/** A task that cannot be built or asked for: bad options, bad files, bad arguments. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
}
