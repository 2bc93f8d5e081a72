// @looplab/sweep: one study, many runs: spaces, schedulers, launchers, resume.
export { LauncherError, SweepError, SweepLockedError } from './errors.ts';
export type { Launcher, LaunchTask, TaskState } from './launch/launcher.ts';
export { type LocalOptions, local } from './launch/local.ts';
export { planSweep, type SweepPlan, type SweepPlanOptions } from './plan/sweepPlan.ts';
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
export { runSweep, type SweepOptions, type SweepResult, sweep } from './sweep.ts';
