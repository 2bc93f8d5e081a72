// @looplab/mlflow: a typed client for the MLflow tracking server, and run folders shown there.
export {
  MlflowArtifactError,
  MlflowAuthError,
  MlflowError,
  MlflowReplyError,
  MlflowRequestError,
  MlflowRunsError,
  MlflowServerError,
  MlflowSettingsError,
  MlflowUnreachableError,
} from './errors.ts';
export { putArtifact } from './rest/artifacts.ts';
export {
  type Experiment,
  type LogBatch,
  type Metric,
  MlflowClient,
  type NewRun,
  type Run,
  type SearchRuns,
} from './rest/client.ts';
export type { HttpOptions, HttpRequest } from './rest/http.ts';
export type { MlflowRunStatus } from './rest/schemas.ts';
export { type MlflowSettings, settingsFromEnvironment } from './rest/settings.ts';
export { type ExperimentChoice, experimentFromEnvironment } from './runs/destination.ts';
export { type FollowOptions, followRun, type RunFollower } from './runs/followRun.ts';
export { findRuns } from './runs/runFolder.ts';
export { type SyncedRun, type SyncOptions, syncRuns } from './runs/syncRuns.ts';
export { findMlflow, installedMlflows, type MlflowCommand } from './server/findMlflow.ts';
export { type MlflowServer, type ServerOptions, startServer } from './server/startServer.ts';
