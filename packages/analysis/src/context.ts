// What an analysis is given: a trained model with the task it was trained on, and how many rows to spend.
import { type ModelConfig, type Params, paramSpecs, type Strategy } from '@looplab/core';
import type { Task } from '@looplab/tasks';
import { AnalysisError } from './analysisError.ts';
import type { ProbeKind } from './linear/probe.ts';
import type { ScalingPoint } from './scaling/law.ts';

export interface AnalysisContext {
  readonly model: ModelConfig;
  readonly strategy: Strategy;
  readonly params: Params;
  /** The task the parameters were trained on; its held-out stream is read. */
  readonly task: Task;
  /** Seeds everything that is drawn: folds, control tasks, permutations, resamples. */
  readonly seed: number;
  /** Held-out rows to use at most. */
  readonly rows: number;
  /** Rows of one forward pass; default 16, fewer where the logits of 16 would be large. */
  readonly batch?: number;
  /** Which linear probes read values off states; default ridge. */
  readonly probe?: ProbeKind;
  /** Finished runs to fit a scaling law to; without them that analysis does not apply. */
  readonly sweep?: readonly ScalingPoint[];
  /**
   * A run that was trained to write the chain of the same task (`withChain`), to compare with; what needs one says so
   * in its notes where it is missing.
   */
  readonly writer?: Pick<AnalysisContext, 'model' | 'strategy' | 'params' | 'task'>;
  /** Measured times of one answer: of this model at 1, 2, ... loops, and of the writer. */
  readonly milliseconds?: { readonly latent?: readonly number[]; readonly written?: number };
  /** Told what is being done, in a few words. */
  progress(text: string): void;
}

/**
 * `make`, of which every result is kept for contexts of the same model and rows; not for those that fail.
 * @param make may depend on everything but `sweep`, `writer` and `milliseconds`
 */
export function remembered<T>(
  make: (context: AnalysisContext) => Promise<T>,
): (context: AnalysisContext) => Promise<T> {
  const known = new WeakMap<Params, WeakMap<Strategy, Map<string, Promise<T>>>>();
  return (context) => {
    const { params, strategy, model, task, seed, probe } = context;
    const ofParams = known.get(params) ?? new WeakMap<Strategy, Map<string, Promise<T>>>();
    known.set(params, ofParams);
    const ofStrategy = ofParams.get(strategy) ?? new Map<string, Promise<T>>();
    ofParams.set(strategy, ofStrategy);
    const id = JSON.stringify([model, task.config, rowsOf(context), batchOf(context), seed, probe]);
    const before = ofStrategy.get(id);
    if (before) return before;
    const made = make(context);
    ofStrategy.set(id, made);
    made.catch(() => ofStrategy.delete(id));
    return made;
  };
}

/** Held-out rows there are to use. */
export function rowsOf(context: AnalysisContext): number {
  return Math.min(context.rows, context.task.validationRows ?? Number.POSITIVE_INFINITY);
}

/** Most numbers in the logits of one loop, unless the caller sets `batch`. */
const LOGITS = 2 ** 24;

/** Rows of one forward pass. */
export function batchOf({ batch, task }: Pick<AnalysisContext, 'batch' | 'task'>): number {
  return batch ?? Math.max(1, Math.min(16, Math.floor(LOGITS / (task.seq * task.vocab))));
}

/**
 * Throws unless model, parameters and task belong together.
 * @throws AnalysisError that names the mismatch and what to pass instead
 */
export function assertContext(context: AnalysisContext): void {
  const { model, strategy, params, task, rows, batch = 1 } = context;
  const fix = 'pass the model, strategy and task that the run was trained with (its config.json)';
  if (model.vocab !== task.vocab)
    throw new AnalysisError(
      `the checkpoint is of another task: the model has ${model.vocab} symbols, task ${task.name} has ${task.vocab}; ${fix}`,
    );
  if (task.seq > model.maxSeq)
    throw new AnalysisError(
      `rows of task ${task.name} have ${task.seq} tokens, the model takes ${model.maxSeq}; ${fix}`,
    );
  for (const { name, shape } of paramSpecs(model, strategy)) {
    const got = params[name];
    if (!got) throw new AnalysisError(`the parameters lack '${name}'; ${fix}`);
    if (`${got.shape}` !== `${shape}`)
      throw new AnalysisError(`parameter '${name}' is [${got.shape}], the model's is [${shape}]; ${fix}`);
  }
  for (const [what, n] of Object.entries({ rows, batch }))
    if (!Number.isInteger(n) || n < 1) throw new AnalysisError(`${what} must be a whole number >= 1 (got ${n})`);
}
