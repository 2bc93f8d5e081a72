// What a run folder holds, as figures see it.

/** One line of training metrics. Losses are in nats per token; a value that was not finite reads as NaN. */
export interface TrainPoint {
  readonly step: number;
  /** Seconds since the run began. */
  readonly time: number;
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly lr: number;
  readonly gradNorm: number;
  readonly tokensPerSecond: number;
  /** Counted FLOPs of all updates so far. */
  readonly flops?: number;
}

/** One evaluation on held-out data. Index `t` of a list is the model read after loop `t + 1`. */
export interface EvalPoint {
  readonly step: number;
  readonly accuracy: number;
  /** Nats per token. */
  readonly loss: number;
  readonly accuracyPerLoop: readonly number[];
  readonly lossPerLoop: readonly number[];
  /** Probability of leaving after each loop; empty where the strategy has no exits. */
  readonly exitDistribution: readonly number[];
  readonly bitsPerByte?: number;
  /** Loops spent on a token, on average. */
  readonly expectedLoops?: number;
}

/** Where and from what a run was made; every part is optional because old or copied folders may lack it. */
export interface Manifest {
  readonly runId?: string;
  /** Hash of the sources that the run was made by. */
  readonly codeId?: string;
  readonly git?: { readonly sha?: string; readonly dirty?: boolean };
  readonly lockfileHash?: string;
  readonly node?: string;
  readonly cpu?: string;
  readonly cores?: number;
  readonly packages?: Readonly<Record<string, string>>;
  readonly createdAt?: string;
  readonly params?: number;
  readonly device?: string;
}

export type RunState =
  | 'queued'
  | 'running'
  | 'finished'
  | 'failed'
  | 'diverged'
  | 'cancelled'
  | 'preempted'
  | 'pruned'
  | 'unknown';

/** A run folder, read. */
export interface Run {
  readonly dir: string;
  /** The folder's name. */
  readonly id: string;
  readonly study: string;
  readonly strategy: string;
  readonly objective: string;
  readonly task: string;
  readonly seed: number;
  /** Layers applied in each loop, where the configuration says so. */
  readonly layers?: number;
  /** Loops the model is trained with: 1 for a plain model. An evaluation may read more, or only the last. */
  readonly loops: number;
  /** Trainable parameters. */
  readonly params?: number;
  readonly state: RunState;
  /** Why it failed or diverged. */
  readonly error?: string;
  /** Of a failure: whether it would only happen again, or the machine was at fault. */
  readonly cause?: 'user' | 'infra';
  /** Seconds of training: at the last line of metrics, else between begin and last sign of life. */
  readonly seconds?: number;
  /** The resolved configuration, as written. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly manifest: Manifest;
  readonly train: readonly TrainPoint[];
  readonly evals: readonly EvalPoint[];
  /** True where the last line of metrics.jsonl was cut off in writing and left out. */
  readonly torn: boolean;
}

/** A folder that cannot be read as a run, or runs that cannot give the figure asked for. */
export class FiguresError extends Error {
  override readonly name = 'FiguresError';
}
