// JSON files that are whole or absent, and errors that name the path.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeQuietly, writeJsonAtomic } from './atomicFile.ts';
import { RunFolderError } from './errors.ts';
import { tempDir } from './testing/tempDir.ts';

test('replaces a file and leaves nothing else', () => {
  const dir = tempDir();
  writeFileSync(join(dir, 'a.json'), 'old');
  writeJsonAtomic(join(dir, 'a.json'), { x: 1 });
  expect(JSON.parse(readFileSync(join(dir, 'a.json'), 'utf8'))).toEqual({ x: 1 });
  expect(readdirSync(dir)).toEqual(['a.json']);
});

test('a failure names the path and the cause and cleans up', () => {
  const dir = tempDir();
  mkdirSync(join(dir, 'taken'));
  expect(() => writeJsonAtomic(join(dir, 'taken'), 'x')).toThrow(RunFolderError);
  expect(readdirSync(dir)).toEqual(['taken']);
  expect(() => writeJsonAtomic('/dev/null/a', 'x')).toThrow(/cannot write \/dev\/null\/a: .*not a folder \(ENOTDIR\)/);
});

test('clean-up never throws', () => {
  removeQuietly('/dev/null/a');
  removeQuietly('/nowhere/at/all');
});
