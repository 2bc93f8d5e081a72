// Which errors a person caused, what to print for them, and the exit code each ends with.

/** A command line that cannot be acted on. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly exitCode = 2;
}

/** Something that the command line names and that cannot be used: a file, a study, a folder. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly exitCode = 2;
}

/** Exit codes of the command, as `docs/cli.md` lists them. */
export const exitCodes = { ok: 0, unexpected: 1, usage: 2, interrupted: 130 } as const;

const builtIn: ReadonlySet<string> = new Set([
  'Error',
  'AggregateError',
  'AssertionError',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
]);

/** What a system call's code means. */
const systemReasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'there is a folder where a file is expected',
  ENOSPC: 'the disk is full',
};

/**
 * The message for an error a person can act on, or undefined for one that is a defect of ours.
 * Every package gives such errors a class of their own, so what is left over are the language's own classes.
 */
export function userMessage(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const reason = systemReasons[code];
  if (reason !== undefined) {
    const path = 'path' in error && typeof error.path === 'string' ? `${error.path}: ` : '';
    return `${path}${reason} (${code})`;
  }
  if (code.startsWith('ERR_')) return undefined;
  return builtIn.has(error.name) ? undefined : error.message;
}

/** The exit code for an error: its own `exitCode`, 2 for another error a person caused, 1 for the rest. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number') return error.exitCode;
  return userMessage(error) === undefined ? exitCodes.unexpected : exitCodes.usage;
}
