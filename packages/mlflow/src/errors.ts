// What can go wrong between us and an MLflow server, each with what a person can do about it.

/** Base of every error this package throws on purpose. */
export class MlflowError extends Error {
  override readonly name: string = 'MlflowError';
  /** What a command line that runs into this error should exit with. */
  readonly exitCode: number = 1;
}

/** A setting, such as MLFLOW_TRACKING_URI, that cannot be used; nothing was sent. */
export class MlflowSettingsError extends MlflowError {
  override readonly name = 'MlflowSettingsError';
  override readonly exitCode = 2;
}

/** The server could not be reached, or answered with a failure of its own, as often as it was asked. */
export class MlflowUnreachableError extends MlflowError {
  override readonly name = 'MlflowUnreachableError';
}

/** The server wants other credentials (401) or allows these too little (403). */
export class MlflowAuthError extends MlflowError {
  override readonly name = 'MlflowAuthError';
}

/** What answers is not the MLflow API as we know it. */
export class MlflowReplyError extends MlflowError {
  override readonly name = 'MlflowReplyError';
}

/** A file that cannot be read, or an artifact store that we cannot write to. */
export class MlflowArtifactError extends MlflowError {
  override readonly name = 'MlflowArtifactError';
}

/** A folder that should hold runs and does not. */
export class MlflowRunsError extends MlflowError {
  override readonly name = 'MlflowRunsError';
  override readonly exitCode = 2;
}

/** No MLflow is installed, or its server does not start. */
export class MlflowServerError extends MlflowError {
  override readonly name = 'MlflowServerError';
}

/** The server understood the request and refused it. */
export class MlflowRequestError extends MlflowError {
  override readonly name = 'MlflowRequestError';
  readonly status: number;
  /** MLflow's name for the reason, e.g. `RESOURCE_DOES_NOT_EXIST`. */
  readonly code: string;

  constructor(message: string, status: number, code: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** What was thrown, in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
