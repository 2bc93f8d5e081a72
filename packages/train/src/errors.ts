// The errors a person can cause or meet while training, each with the exit code a command should end with.

/** Base of every error this package throws on purpose: the message says what was wrong, what was expected and what to do. */
export class TrainError extends Error {
  override readonly name: string = 'TrainError';
  /** What a command line that runs into this error should exit with. */
  readonly exitCode: number = 1;
}

/** A study, a configuration or a combination of plug-ins that cannot be run. */
export class StudyError extends TrainError {
  override readonly name = 'StudyError';
  override readonly exitCode = 2;
}

/** A `key=value` setting that names no known key or holds a value of the wrong type. */
export class OverrideError extends TrainError {
  override readonly name = 'OverrideError';
  override readonly exitCode = 2;
}

/** A run folder that cannot be made, read or written. */
export class RunFolderError extends TrainError {
  override readonly name = 'RunFolderError';
}

/** Another process is writing this run. */
export class RunLockedError extends TrainError {
  override readonly name = 'RunLockedError';
}

/** The loss or the gradient left the range in which training makes sense. */
export class DivergedError extends TrainError {
  override readonly name = 'DivergedError';
}

/** Why a run was stopped: by a person, because its place was taken away, or because it is not worth going on. */
export type StopStatus = 'cancelled' | 'preempted' | 'pruned';

/** The run was asked to stop; its state is saved and the same command continues it. */
export class CancelledError extends TrainError {
  override readonly name = 'CancelledError';
  override readonly exitCode: number;
  /** What the run's status becomes. */
  readonly status: StopStatus;
  /** @param exitCode 130 for SIGINT, 143 for SIGTERM, as shells report them. */
  constructor(message: string, exitCode = 130, status: StopStatus = 'cancelled') {
    super(message);
    this.exitCode = exitCode;
    this.status = status;
  }
}

/** System errors that say something about the machine, not about the run. */
const MACHINE = [
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EAGAIN',
  'EROFS',
  'ESTALE',
  'EBUSY',
];

/**
 * Whose fault a failure is: `infra` if the same run may succeed when the machine is well again, `user` if it would fail again.
 */
export function failureCause(error: unknown): 'user' | 'infra' {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof RunFolderError || at instanceof RunLockedError) return 'infra';
    if ('code' in at && MACHINE.includes(String(at.code))) return 'infra';
    if (at instanceof RangeError && /allocation failed/i.test(at.message)) return 'infra';
    if (/bad_alloc|failed to allocate memory|out of memory/i.test(at.message)) return 'infra';
  }
  return 'user';
}

/** The operating system's reason in words a person can act on. */
export function systemReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const words: Record<string, string> = {
    ENOSPC: 'the disk is full; free some space',
    EDQUOT: 'the disk quota is used up; free some space',
    EFBIG: 'the file would exceed the largest allowed size; raise the limit (ulimit -f) or free some space',
    EACCES: 'permission denied; choose a folder you may write to',
    EPERM: 'permission denied; choose a folder you may write to',
    EROFS: 'the file system is read-only; choose a folder you may write to',
    ENOTDIR: 'a part of the path is a file, not a folder',
    EISDIR: 'there is a folder where a file is expected',
    ENOENT: 'no such file or folder',
    EMFILE: 'too many files are open; raise the limit (ulimit -n)',
  };
  const known = words[code];
  if (known !== undefined) return `${known} (${code})`;
  return error instanceof Error ? error.message : String(error);
}
