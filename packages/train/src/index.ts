// @looplab/train: optimiser, schedules, the training loop, checkpoints, run folders and studies.
export { type AdamWOptions, type AdamWResult, type AdamWState, adamWInit, adamWUpdate } from './adamW.ts';
export { writeJsonAtomic } from './atomicFile.ts';
export { batchTensors } from './batch.ts';
export type { Callback, RunView } from './callback.ts';
export {
  bestCheckpoint,
  type Checkpoint as RunCheckpoint,
  type CheckpointEntry,
  listCheckpoints,
  loadCheckpoint,
} from './checkpoint.ts';
export { currentStatus } from './currentStatus.ts';
export { defineStudy } from './defineStudy.ts';
export {
  CancelledError,
  DivergedError,
  failureCause,
  OverrideError,
  RunFolderError,
  RunLockedError,
  type StopStatus,
  StudyError,
  systemReason,
  TrainError,
} from './errors.ts';
export { type EvalSums, type Evaluation, evalStep, evaluate } from './evalStep.ts';
export { identifyRun, isHomeMade, type RunIdentity } from './identifyRun.ts';
export { type Interrupt, listenForInterrupt } from './interrupt.ts';
export { JsonLines, readJsonLines, truncateJsonLines } from './jsonLines.ts';
export { type LoadedRun, type LoadRunOptions, loadRun } from './loadRun.ts';
export { makeFolder } from './makeFolder.ts';
export type { Manifest } from './manifest.ts';
export { median } from './median.ts';
export { parseValue } from './override.ts';
export { planFlops } from './planFlops.ts';
export { planFromConfig } from './planFromConfig.ts';
export { clock, type Progress, type ProgressOutput, progressOn, silent } from './progress.ts';
export { type ResolveOptions, resolveRuns } from './resolveRuns.ts';
export {
  type EvalRecord,
  RunFolder,
  type RunStatus,
  readEvaluations,
  readJson,
  readStatus,
  type StatusRecord,
  type TrainRecord,
} from './runFolder.ts';
export { codeId, runId, sameRun } from './runId.ts';
export { acquireRunLock, isLocked, type RunLock } from './runLock.ts';
export { planRun, type RunOptions, type RunPlan, type StageOptions, type StudyModel } from './runPlan.ts';
export { atScale, type RunStudyOptions, type RunSummary, runStudy, type StudySummary } from './runStudy.ts';
export { type Schedule, warmupConstant, warmupCosine } from './schedules.ts';
export { showProgress } from './showProgress.ts';
export type { ScalePatch, Study, StudyOptions, StudyPatch, StudySweep } from './study.ts';
export { compositeTracker } from './tracking/compositeTracker.ts';
export { type MlflowTrackerOptions, mlflowTracker, trackerFromEnvironment } from './tracking/mlflowTracker.ts';
export { noTracker } from './tracking/noTracker.ts';
export type { TrackedEnd, TrackedRun, Tracker } from './tracking/tracker.ts';
export { trackRun } from './tracking/trackRun.ts';
export { type TrainConfig, type TrainOptions, trainConfig, trainSchema } from './trainConfig.ts';
export { type RunResult, type TrainRunOptions, trainRun } from './trainRun.ts';
export {
  accumulateStep,
  applyStep,
  type StepMetrics,
  type StepSetup,
  type TrainState,
  trainState,
  trainStep,
} from './trainStep.ts';
