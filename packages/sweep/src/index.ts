// @looplab/sweep: one study, many runs: spaces, schedulers, launchers, resume.

export { assertComplete } from './assertComplete.ts';
export { cancelSweep, type FoundSweep, findSweep, listSweeps, pruneRuns, type RetryKind } from './control.ts';
export { LauncherError, SweepError, SweepIncompleteError, SweepLockedError } from './errors.ts';
export type { Launcher, LaunchTask, TaskState } from './launch/launcher.ts';
export { type LocalOptions, local } from './launch/local.ts';
export { type RayOptions, ray } from './launch/ray.ts';
export { type SlurmOptions, slurm } from './launch/slurm.ts';
export type { PlannedRow, SweepEstimate } from './plan/estimate.ts';
export type { MeasuredStep } from './plan/measureStep.ts';
export { type PlanAgainOptions, planAgain } from './plan/planAgain.ts';
export { type PriceOptions, priceSweep } from './plan/priceSweep.ts';
export { planSweep, type SweepPlan, type SweepPlanOptions } from './plan/sweepPlan.ts';
export { type Difference, diffRuns } from './runs/compareRuns.ts';
export { removeRuns } from './runs/removeRuns.ts';
export { rowsCsv } from './runs/rowsCsv.ts';
export { assertField, fieldOf, filterRuns, runByPrefix } from './runs/runFilter.ts';
export { listRuns } from './runs/runIndex.ts';
export type { RunRow } from './runs/runRow.ts';
export { type AshaOptions, asha } from './search/asha.ts';
export { type Axes, cross, grid, type Listed, zip } from './search/listed.ts';
export { type MedianStoppingOptions, medianStopping } from './search/medianStopping.ts';
export { type RandomOptions, random } from './search/random.ts';
export type { Outcome, Search, SearchView, Suggestion } from './search/search.ts';
export { type TpeOptions, tpe } from './search/tpe.ts';
export {
  type Conditional,
  choice,
  type Dimension,
  type Dimensions,
  int,
  logUniform,
  uniform,
} from './space/dimension.ts';
export type { Where } from './space/draw.ts';
export type { Json, Point } from './space/point.ts';
export { type JournalRecord, readJournal, readManifest, type SweepManifest } from './store/sweepFolder.ts';
export { runSweep, type SweepOptions, type SweepResult, sweep } from './sweep.ts';
export { type SweepRow, sweepRows, tableOf } from './sweepTable.ts';
export { type Trial, trialsOf } from './trials.ts';
