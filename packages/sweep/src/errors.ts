// The errors a person can cause or meet while sweeping, each with the exit code a command should end with.

/** A space, a search or an option that cannot be swept; the message says what was wrong, what was expected and what to do. */
export class SweepError extends Error {
  override readonly name: string = 'SweepError';
  readonly exitCode: number = 2;
}

/** Another process is driving this sweep. */
export class SweepLockedError extends SweepError {
  override readonly name = 'SweepLockedError';
  override readonly exitCode = 1;
}

/** What a launcher needs is absent or refuses to work. */
export class LauncherError extends SweepError {
  override readonly name = 'LauncherError';
  override readonly exitCode = 1;
}

/** Some runs of a sweep have no result; the others have. */
export class SweepIncompleteError extends SweepError {
  override readonly name = 'SweepIncompleteError';
  override readonly exitCode = 1;
}
