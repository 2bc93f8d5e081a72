// What can be hooked into a training loop: small objects, each with its own state for resuming.
import type { CheckpointEntry } from './checkpoint.ts';
import type { EvalRecord, RunStatus, TrainRecord } from './runFolder.ts';
import type { RunPlan } from './runPlan.ts';

/** What a callback is told about the run. */
export interface RunView {
  readonly runId: string;
  readonly dir: string;
  readonly plan: RunPlan;
  /** Updates that were already made when this process took the run up. */
  readonly startStep: number;
}

/** All members but the name are optional. A callback that throws ends the run as failed. */
export interface Callback {
  /** Under this name its state is kept in checkpoints. */
  readonly name: string;
  onStart?(run: RunView): void | Promise<void>;
  /** After each update; nothing has been read from the device for it. */
  onStep?(update: { readonly step: number; readonly lr: number; readonly stage: string }): void | Promise<void>;
  /** After each line about training, every `logEvery` updates. */
  onLog?(record: TrainRecord): void | Promise<void>;
  onEval?(record: EvalRecord): void | Promise<void>;
  onCheckpoint?(entry: CheckpointEntry): void | Promise<void>;
  /** Once, also when the run failed. */
  onEnd?(end: { readonly status: RunStatus; readonly step: number; readonly error?: unknown }): void | Promise<void>;
  /** Plain JSON that `restore` gets back when the run goes on from a checkpoint. */
  state?(): unknown;
  restore?(state: unknown): void;
}
