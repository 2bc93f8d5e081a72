// Run ids: what they depend on and what not.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeId, runId, sameRun } from './runId.ts';
import { tempDir } from './testing/tempDir.ts';

const config = { study: 's', model: { loops: 4 }, train: { steps: 10, lr: 1e-3, logEvery: 10 }, seed: 0 };

test('is 12 hex digits and does not depend on the order of keys', () => {
  expect(runId(config, 'c')).toMatch(/^[0-9a-f]{12}$/);
  const shuffled = (o: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(o).reverse());
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (extra) => {
      expect(runId(shuffled({ ...config, extra: shuffled(extra) }), 'c')).toBe(runId({ ...config, extra }, 'c'));
    }),
  );
});

test('changes with every setting that matters, with the seed and with the code', () => {
  const ids = [
    runId(config, 'c'),
    runId(config, 'd'),
    runId({ ...config, seed: 1 }, 'c'),
    runId({ ...config, model: { loops: 5 } }, 'c'),
    runId({ ...config, train: { ...config.train, lr: 2e-3 } }, 'c'),
    runId({ ...config, study: 't' }, 'c'),
  ];
  expect(new Set(ids).size).toBe(ids.length);
});

test('does not change with what is only logged or kept', () => {
  const train = { ...config.train, logEvery: 1, checkpointEvery: 7, keepCheckpoints: 9 };
  expect(runId({ ...config, train }, 'c')).toBe(runId(config, 'c'));
});

test('the code is hashed with the files of a study that has its own plug-ins', () => {
  const file = join(tempDir(), 'study.ts');
  writeFileSync(file, 'export const a = 1;');
  const before = codeId([file]);
  expect(codeId()).toBe(codeId());
  expect(before).not.toBe(codeId());
  expect(codeId([file])).toBe(before);
  writeFileSync(file, 'export const a = 2;');
  expect(codeId([file])).not.toBe(before);
});

test('two configurations are the same run exactly if their ids agree', () => {
  const train = { ...config.train, logEvery: 1 };
  expect(sameRun(config, { ...config, train })).toBe(true);
  expect(sameRun(config, { ...config, seed: 1 })).toBe(false);
});
