// Whose fault a failure is decides whether it is worth another try.
import { expect, test } from 'vitest';
import { CancelledError, failureCause, RunFolderError, StudyError } from './errors.ts';

const system = (code: string): Error => Object.assign(new Error(`${code}: something`), { code });

test.each([
  ['a full disk', new RunFolderError('cannot write', { cause: system('ENOSPC') }), 'infra'],
  ['a broken disk', system('EIO'), 'infra'],
  ['a system error wrapped twice', new Error('a', { cause: new Error('b', { cause: system('ENFILE') }) }), 'infra'],
  ['too little memory', new RangeError('Array buffer allocation failed'), 'infra'],
  ['too little memory in the runtime', new Error('std::bad_alloc'), 'infra'],
  ['a study that cannot be run', new StudyError('stages is empty'), 'user'],
  ['a defect of a plug-in', new TypeError('x is not a function'), 'user'],
  ['a missing file', system('ENOENT'), 'user'],
  ['a text that is thrown', 'no', 'user'],
])('%s', (_, error, cause) => {
  expect(failureCause(error)).toBe(cause);
});

test('a stop says what becomes of the run', () => {
  expect(new CancelledError('a')).toMatchObject({ exitCode: 130, status: 'cancelled' });
  expect(new CancelledError('a', 75, 'preempted')).toMatchObject({ exitCode: 75, status: 'preempted' });
});
