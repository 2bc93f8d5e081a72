// Append-only logs: torn lines, truncation, full disks, and bytes from outside.
import { appendFileSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RunFolderError } from './errors.ts';
import { JsonLines, readJsonLines, truncateJsonLines } from './jsonLines.ts';
import { tempDir } from './testing/tempDir.ts';

const folder = (): string => tempDir();

test('what is appended is read back, and a torn last line is not', () => {
  const path = join(folder(), 'a.jsonl');
  const log = new JsonLines(path);
  log.append({ step: 1, text: 'naïve\n' });
  log.append({ step: 2 });
  log.sync();
  log.close();
  appendFileSync(path, '{"step": 3, "lo');
  expect(readJsonLines(path)).toEqual([{ step: 1, text: 'naïve\n' }, { step: 2 }]);
});

test('truncation drops later steps and a torn line, and leaves a file that can be appended to', () => {
  const path = join(folder(), 'a.jsonl');
  writeFileSync(path, '{"step":1}\n{"step":2}\n{"step":3}\n{"ste');
  expect(truncateJsonLines(path, (r) => Number(r.step) <= 2)).toBe(2);
  const log = new JsonLines(path);
  log.append({ step: 3, again: true });
  log.close();
  expect(readFileSync(path, 'utf8')).toBe('{"step":1}\n{"step":2}\n{"step":3,"again":true}\n');
});

test('truncation of a whole file that is good changes nothing; of no file does nothing', () => {
  const path = join(folder(), 'a.jsonl');
  expect(truncateJsonLines(path, () => true)).toBe(0);
  expect(existsSync(path)).toBe(false);
  writeFileSync(path, '{"step":1}\n');
  expect(truncateJsonLines(path, () => true)).toBe(0);
  expect(readFileSync(path, 'utf8')).toBe('{"step":1}\n');
});

test('no bytes make the readers throw, and truncating twice is truncating once', () => {
  const path = join(folder(), 'a.jsonl');
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constant('\n'), fc.constant('{"step":1}\n')), { maxLength: 8 }),
      (parts) => {
        writeFileSync(path, parts.join(''));
        readJsonLines(path);
        truncateJsonLines(path, (r) => r.step === 1);
        const once = readFileSync(path);
        expect(truncateJsonLines(path, (r) => r.step === 1)).toBe(0);
        expect(readFileSync(path).equals(once)).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test.runIf(existsSync('/dev/full'))('a full disk is said in words', () => {
  const path = join(folder(), 'full.jsonl');
  symlinkSync('/dev/full', path);
  const log = new JsonLines(path);
  expect(() => log.append({ step: 1 })).toThrow(RunFolderError);
  expect(() => log.append({ step: 1 })).toThrow(/disk is full; free some space \(ENOSPC\)/);
  log.close();
});

test('a folder that does not exist is named', () => {
  expect(() => new JsonLines('/dev/null/x.jsonl')).toThrow(/cannot open \/dev\/null\/x.jsonl/);
});
