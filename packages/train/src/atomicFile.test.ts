import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeFileAtomic, writeJsonAtomic } from './atomicFile.ts';
import { RunFolderError } from './errors.ts';

test('replaces a file and leaves nothing else', () => {
  const dir = mkdtempSync(join(tmpdir(), 'atomic-'));
  writeFileSync(join(dir, 'a.json'), 'old');
  writeJsonAtomic(join(dir, 'a.json'), { x: 1 });
  expect(JSON.parse(readFileSync(join(dir, 'a.json'), 'utf8'))).toEqual({ x: 1 });
  writeFileAtomic(join(dir, 'b.bin'), new Uint8Array(100_000).fill(7));
  expect(readFileSync(join(dir, 'b.bin')).length).toBe(100_000);
  expect(readdirSync(dir).sort()).toEqual(['a.json', 'b.bin']);
});

test('a failure names the path and the cause and cleans up', () => {
  const dir = mkdtempSync(join(tmpdir(), 'atomic-'));
  mkdirSync(join(dir, 'taken'));
  expect(() => writeFileAtomic(join(dir, 'taken'), 'x')).toThrow(RunFolderError);
  expect(readdirSync(dir)).toEqual(['taken']);
  expect(() => writeFileAtomic('/dev/null/a', 'x')).toThrow(/cannot write \/dev\/null\/a: .*not a folder \(ENOTDIR\)/);
});
