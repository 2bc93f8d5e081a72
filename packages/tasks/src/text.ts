// Byte-level language modelling of text files: predict the next byte.

import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fold, key, parseOptions, randint } from '@looplab/core';
import { z } from 'zod';
import { emptyBatch, type Task, type TaskBatch, TaskError } from './task.ts';

export const textOptions = z.strictObject({
  files: z
    .array(z.string().min(1))
    .refine((files) => files.length > 0, 'files must name at least one file; set task.files')
    .describe('UTF-8 text files, joined in this order'),
  seq: z.int().min(1).default(256).describe('bytes in a window'),
  validationFraction: z.number().gt(0).lt(1).default(0.1).describe('share of the bytes held out, taken from the end'),
});

/**
 * Windows of `seq` bytes with the following byte as target at each position; 256 symbols, one for each byte value.
 * The last `validationFraction` of the bytes is held out. Training windows begin at uniformly random places of the first part;
 * validation windows follow each other without overlap, once through `validationRows`, then from the start again.
 * A validation batch which reaches past the last window is filled up with rows of weight 0.
 *
 * Files are read once, here. `config` holds each file's name, size and SHA-256 but not its path: the same bytes are the same data anywhere.
 * @throws ConfigError where the options do not fit; TaskError where a file is missing, empty, unreadable, not UTF-8, or too short for one window on both sides
 */
export function text(options: z.input<typeof textOptions>): Task {
  const { files, seq, validationFraction } = parseOptions('task', textOptions, options);
  const parts = files.map(readText);
  const bytes = Buffer.concat(parts);
  const split = bytes.length - Math.floor(bytes.length * validationFraction);
  const heldOut = bytes.length - split;
  if (split < seq + 1 || heldOut < seq + 1) {
    throw new TaskError(
      `text: ${files.join(', ')} has ${bytes.length} bytes, split into ${split} for training and ${heldOut} for validation, ` +
        `but each part needs seq + 1 = ${seq + 1}; give more text, a smaller seq or another validationFraction`,
    );
  }
  const rows = Math.floor((heldOut - 1) / seq);

  const copyWindow = (out: TaskBatch, row: number, start: number): void => {
    out.ids.set(bytes.subarray(start, start + seq), row * seq);
    out.targets.set(bytes.subarray(start + 1, start + seq + 1), row * seq);
    out.weights.fill(1, row * seq, (row + 1) * seq);
  };

  return {
    name: 'text',
    vocab: 256,
    seq,
    chance: 1 / 256,
    metric: 'bitsPerByte',
    validationRows: rows,
    config: {
      name: 'text',
      files: files.map((path, i) => identity(path, parts[i] ?? Buffer.of())),
      seq,
      validationFraction,
    },
    train: (seed, step, batch) => {
      const out = emptyBatch(batch, seq);
      const from = fold(fold(key(seed), 'text/train'), step);
      for (let row = 0; row < batch; row++) copyWindow(out, row, randint(fold(from, row), 1, split - seq)[0] ?? 0);
      return out;
    },
    validation: (index, batch) => {
      const out = emptyBatch(batch, seq);
      const first = (index % Math.ceil(rows / batch)) * batch;
      for (let row = 0; row < Math.min(batch, rows - first); row++) copyWindow(out, row, split + (first + row) * seq);
      return out;
    },
    decode: (ids) => new TextDecoder().decode(Uint8Array.from(ids)),
  };
}

function readText(path: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code; // readFileSync throws system errors
    if (code === 'ENOENT')
      throw new TaskError(`text: there is no file ${path}; check task.files (paths are relative to ${process.cwd()})`);
    if (code === 'EISDIR')
      throw new TaskError(`text: ${path} is a folder; name the files in it one by one in task.files`);
    throw new TaskError(`text: cannot read ${path} (${code ?? String(error)}); check its permissions`);
  }
  if (bytes.length === 0) throw new TaskError(`text: ${path} is empty; remove it from task.files or fill it`);
  if (!isUtf8(bytes))
    throw new TaskError(`text: ${path} is not UTF-8 text; convert it first, for instance with iconv -t UTF-8`);
  return bytes;
}

function identity(path: string, bytes: Buffer): { name: string; bytes: number; sha256: string } {
  return { name: basename(path), bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}
