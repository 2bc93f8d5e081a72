// Errors people cause get a message and exit code 2 or their own; defects keep their stack and exit code 1.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exitCodeOf, UsageError, userMessage } from './errors.ts';

class TaskError extends Error {
  override readonly name = 'TaskError';
}

class CancelledError extends Error {
  override readonly name = 'CancelledError';
  readonly exitCode = 130;
}

function thrownBy(f: () => unknown): unknown {
  try {
    f();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('an error', () => {
  it('with a class of its own is for the person', () => {
    expect(userMessage(new TaskError('seq must be >= 1'))).toBe('seq must be >= 1');
    expect(exitCodeOf(new TaskError('seq must be >= 1'))).toBe(2);
    expect(exitCodeOf(new UsageError('x'))).toBe(2);
  });

  it('may bring its exit code', () => {
    expect(exitCodeOf(new CancelledError('stopped'))).toBe(130);
  });

  it('of the file system names the file and the reason', () => {
    const error = thrownBy(() => readFileSync('/no/such/file'));
    expect(userMessage(error)).toBe('/no/such/file: no such file or folder (ENOENT)');
    expect(exitCodeOf(error)).toBe(2);
  });

  it('of the language or of Node is a defect', () => {
    const defects = [
      thrownBy(() => null as unknown as string),
      new TypeError('x'),
      thrownBy(() => Buffer.alloc(-1)),
      'text',
    ];
    for (const defect of defects) {
      expect(userMessage(defect)).toBeUndefined();
      expect(exitCodeOf(defect)).toBe(1);
    }
  });
});
