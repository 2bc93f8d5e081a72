// Checkpoints: bit-exact, pruned, and recovered from damage to any byte.
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError, readSafetensors } from '@looplab/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  bestCheckpoint,
  type Checkpoint,
  listCheckpoints,
  loadCheckpoint,
  pruneCheckpoints,
  recoverNewest,
  saveCheckpoint,
} from './checkpoint.ts';
import { RunFolderError } from './errors.ts';
import { tempDir } from './testing/tempDir.ts';

const newFolder = (): string => tempDir();

const at = (step: number, loss: number | null = null): Checkpoint => ({
  step,
  loss,
  params: { w: { dtype: 'F32', shape: [2], data: Float32Array.of(step, 1 / 3) } },
  optimiser: { 'm.w': { dtype: 'F32', shape: [2], data: Float32Array.of(-0, 1e-42) } },
  state: { stage: 0, window: { loss: 0.1 + 0.2 } },
});

test('what is saved is loaded to the bit', () => {
  const folder = newFolder();
  const { path } = saveCheckpoint(folder, at(7, 1.5));
  const loaded = loadCheckpoint(path);
  expect(loaded).toEqual(at(7, 1.5));
  expect(Object.is(loaded.optimiser['m.w']?.data[0], -0)).toBe(true);
  expect(readdirSync(folder)).toEqual(['step-00000007']);
  expect(readSafetensors(join(path, 'model.safetensors')).metadata).toMatchObject({ step: '7' });
});

test('the last ones and the best are kept', () => {
  const folder = newFolder();
  for (const [step, loss] of [
    [1, 3],
    [2, 1],
    [3, 2],
    [4, null],
    [5, 2],
  ] as const) {
    saveCheckpoint(folder, at(step, loss));
    pruneCheckpoints(folder, 2);
  }
  expect(listCheckpoints(folder).map((e) => e.step)).toEqual([2, 4, 5]);
  expect(bestCheckpoint(listCheckpoints(folder))?.step).toBe(2);
  expect(bestCheckpoint([])).toBeUndefined();
});

test('steps of more than eight digits stay in order', () => {
  const folder = newFolder();
  for (const step of [99_999_999, 100_000_000]) saveCheckpoint(folder, at(step));
  expect(recoverNewest(folder, () => {})?.step).toBe(100_000_000);
});

test('any damage to any file is found, and the one before is taken', () => {
  const files = ['model.safetensors', 'optimizer.safetensors', 'state.json'] as const;
  fc.assert(
    fc.property(fc.constantFrom(...files), fc.nat(), fc.boolean(), (name, where, isCut) => {
      const folder = newFolder();
      saveCheckpoint(folder, at(1));
      const { path } = saveCheckpoint(folder, at(2));
      const file = join(path, name);
      const bytes = readFileSync(file);
      const i = where % (bytes.length - 1); // the last byte is a line feed, which says nothing
      if (isCut) truncateSync(file, i);
      else {
        bytes[i] = 0xff; // no byte of JSON; the tensors are covered by their hashes
        if (readFileSync(file).equals(bytes)) return;
        writeFileSync(file, bytes);
      }
      const errors: CheckpointError[] = [];
      expect(recoverNewest(folder, (e) => errors.push(e))).toEqual(at(1));
      expect(errors).toHaveLength(1);
      expect(errors[0]?.message).toContain('step-00000002');
      expect(readdirSync(folder).sort()).toEqual(['step-00000001', 'step-00000002.damaged']);
    }),
    { numRuns: 25 },
  );
});

test('no good checkpoint is no checkpoint', () => {
  const folder = newFolder();
  expect(recoverNewest(folder, () => {})).toBeUndefined();
  mkdirSync(join(folder, 'step-00000001'));
  expect(recoverNewest(folder, () => {})).toBeUndefined();
  expect(() => loadCheckpoint(join(folder, 'nowhere'))).toThrow(CheckpointError);
});

test('what an interrupted write left is swept away', () => {
  const folder = newFolder();
  mkdirSync(join(folder, 'step-00000001.123.tmp'));
  saveCheckpoint(folder, at(2));
  pruneCheckpoints(folder, 1);
  expect(readdirSync(folder)).toEqual(['step-00000002']);
});

test('a folder that cannot be written to is named, and nothing stays', () => {
  expect(() => saveCheckpoint('/dev/null/checkpoints', at(1))).toThrow(RunFolderError);
  expect(() => saveCheckpoint('/dev/null/checkpoints', at(1))).toThrow(
    /cannot write checkpoint \/dev\/null\/checkpoints\/step-00000001: a part of the path is a file/,
  );
});
