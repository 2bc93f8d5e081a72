// Checks the text task's windows, its split, its identity, and what it says about bad files.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { taskById } from './registry.ts';
import { TaskError } from './task.ts';
import { text } from './text.ts';

const dir = mkdtempSync(join(tmpdir(), 'looplab-text-'));
afterAll(() => rmSync(dir, { recursive: true }));
const file = (name: string, content: string | Uint8Array) => {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
};

// Byte i is i for the first 128: a window tells where it begins.
const counting = file(
  'counting.txt',
  Uint8Array.from({ length: 120 }, (_, i) => i),
);

it('predicts the next byte, train and validation apart', () => {
  const task = text({ files: [counting], seq: 8, validationFraction: 0.25 });
  expect([task.vocab, task.seq, task.metric]).toEqual([256, 8, 'bitsPerByte']);
  for (let step = 0; step < 200; step++) {
    const { ids, targets } = task.train(0, step, 1);
    ids.forEach((id, t) => {
      expect(id).toBe((ids[0] ?? 0) + t);
      expect(targets[t]).toBe(id + 1);
    });
    expect(Math.max(...targets)).toBeLessThan(90); // the last 30 of 120 bytes are held out
  }
});

it('reaches every training window, and draws them evenly', () => {
  const task = text({ files: [counting], seq: 8, validationFraction: 0.25 });
  const counts = new Float64Array(82); // starts 0..81: the last target is byte 89
  for (let step = 0; step < 82; step++) {
    for (const id of task.train(4, step, 50).ids.filter((_, i) => i % 8 === 0)) counts[id] = (counts[id] ?? 0) + 1;
  }
  // chi-square with 81 degrees of freedom, 99.9% quantile 126.1
  expect(counts.reduce((sum, n) => sum + (n - 50) ** 2 / 50, 0)).toBeLessThan(126.1);
});

it('walks through the held-out bytes once, without overlap, then begins again', () => {
  const task = text({ files: [counting], seq: 8, validationFraction: 0.25 });
  expect(task.validationRows).toBe(3); // 30 bytes: 3 windows of 8 with a target after each
  const starts = (index: number) => Array.from(task.validation(index, 2).ids).filter((_, i) => i % 8 === 0);
  expect(starts(0)).toEqual([90, 98]);
  expect(starts(1)).toEqual([106, 0]);
  expect(Array.from(task.validation(1, 2).weights)).toEqual([...new Array(8).fill(1), ...new Array(8).fill(0)]);
  expect(task.validation(2, 2)).toEqual(task.validation(0, 2));
  expect(Array.from(task.validation(0, 1).targets)).toEqual([91, 92, 93, 94, 95, 96, 97, 98]);
});

it('is a pure function of seed and step', () => {
  const task = text({ files: [counting], seq: 8 });
  expect(task.train(1, 2, 4)).toEqual(task.train(1, 2, 4));
  expect(task.train(1, 2, 2).ids).toEqual(task.train(1, 2, 4).ids.subarray(0, 16));
  expect(task.train(2, 2, 4).ids).not.toEqual(task.train(1, 2, 4).ids);
});

it('joins files in order and reads UTF-8 back', () => {
  const files = [file('a.txt', 'naïve – '), file('b.txt', '循环 model')];
  const task = text({ files, seq: 4, validationFraction: 0.4 });
  const { bytes } = { bytes: Buffer.from('naïve – 循环 model') };
  const first = task.validation(0, 1);
  const split = bytes.length - Math.floor(bytes.length * 0.4);
  expect(Array.from(first.ids)).toEqual(Array.from(bytes.subarray(split, split + 4)));
  expect(task.decode(bytes)).toBe('naïve – 循环 model');
  expect(() => task.decode(bytes.subarray(0, 3))).not.toThrow(); // a window may cut a character
});

describe('the config', () => {
  const content = 'the same bytes, twice over, in two places';
  const sha256 = createHash('sha256').update(content).digest('hex');

  it('identifies files by path, size and hash, and makes the task again', () => {
    const path = file('one.txt', content);
    const task = text({ files: [path], seq: 2 });
    expect(task.config).toEqual({
      name: 'text',
      files: [{ path, bytes: 41, sha256 }],
      format: 'auto',
      field: 'text',
      separator: '\n\n',
      tokenizer: 'bytes',
      seq: 2,
      validationFraction: 0.1,
    });
    const again = taskById('text', { ...task.config, seq: 3 });
    expect(again.config).toEqual({ ...task.config, seq: 3 });
    expect(taskById('text', task.config).train(0, 0, 4)).toEqual(task.train(0, 0, 4));
  });

  it('records paths below the working folder from there', () => {
    const path = fileURLToPath(import.meta.url);
    const { files } = text({ files: [path], seq: 2 }).config as { files: { path: string }[] };
    expect(files[0]?.path).toBe(relative(process.cwd(), path));
    expect(files[0]?.path).not.toContain(process.cwd());
  });

  it('refuses a file that has changed since', () => {
    const path = file('changing.txt', content);
    const { config } = text({ files: [path], seq: 2 });
    writeFileSync(path, `${content}!`);
    expect(() => taskById('text', config)).toThrow(
      /changing\.txt is not the file that was recorded \(sha256 .*42 bytes/,
    );
    expect(text({ files: [path], seq: 2 }).config).not.toEqual(config);
  });
});

it.each([
  ['missing', () => join(dir, 'nowhere.txt'), /there is no file .*nowhere\.txt; check task\.files/],
  ['empty', () => file('empty.txt', ''), /empty\.txt is empty; remove it/],
  [
    'short',
    () => file('short.txt', 'abc'),
    /has 3 bytes, split into 3 for training and 0 for validation.*seq \+ 1 = 257; give more text/,
  ],
  ['not UTF-8', () => file('latin1.txt', Uint8Array.of(0x63, 0xe9, 0x20)), /latin1\.txt is not UTF-8 text; convert it/],
  ['a folder', () => dir, /is a folder; name the files/],
])('says what to do with a file that is %s', (_, path, message) => {
  expect(() => text({ files: [path()] })).toThrow(message);
  expect(() => text({ files: [path()] })).toThrow(TaskError);
});

it('says what is wrong with its options', () => {
  expect(() => text({ files: [] })).toThrow('files must name at least one file');
  expect(() => text({} as { files: string[] })).toThrow('files must be an array (got nothing)');
  expect(() => text({ files: [counting], validationFraction: 1 })).toThrow('validationFraction must be < 1 (got 1)');
  expect(() => text({ files: [7] } as never)).toThrow('a file must be a path, or { path, bytes, sha256 }');
});
