// Checks that rows whose problems must not see each other are refused before anything is computed.
import { mano } from '@looplab/tasks';
import { expect, test } from 'vitest';
import { batchTensors } from './batch.ts';
import { StudyError } from './errors.ts';

test('rows packed with masks are refused with what to do', () => {
  const batch = mano({ maxOps: 2, packing: 'masked', seq: 32 }).train(0, 0, 1);
  expect(() => batchTensors(batch)).toThrow(StudyError);
  expect(() => batchTensors(batch)).toThrow("set task.packing to 'none'");
});
