// Language modelling of text files: predict the next byte or token.
import { fold, key, parseOptions, randint } from '@looplab/core';
import { z } from 'zod';
import { emptyBatch, type Task, type TaskBatch, TaskError } from './task.ts';
import { documents, fileOption, formatOf, readFile } from './textFiles.ts';
import { byteSymbols, tokenizerSymbols } from './textSymbols.ts';

export const textOptions = z.strictObject({
  files: z
    .array(fileOption)
    .refine((files) => files.length > 0, 'files must name at least one file; set task.files')
    .describe('paths of text files (UTF-8), JSON lines or Parquet files, joined in this order'),
  format: z
    .enum(['auto', 'text', 'jsonl', 'parquet'])
    .default('auto')
    .describe('how the files are laid out; auto goes by their ending (.jsonl, .ndjson, .parquet, else text)'),
  field: z
    .string()
    .min(1)
    .default('text')
    .describe('the key of a JSON line or the column of a Parquet file that holds the text'),
  separator: z.string().default('\n\n').describe('put after each document of a JSON lines or Parquet file'),
  tokenizer: fileOption.default('bytes').describe("'bytes', or the path of a Hugging Face tokenizer.json"),
  seq: z.int().min(1).default(256).describe('symbols in a window'),
  validationFraction: z.number().gt(0).lt(1).default(0.1).describe('share of the symbols held out, taken from the end'),
});

/**
 * Windows of `seq` symbols with the following symbol as target at each position. Symbols are bytes (256 of them) or a tokenizer's tokens.
 * The last `validationFraction` of the symbols is held out. Training windows begin at uniformly random places of the first part;
 * validation windows follow each other without overlap, once through `validationRows`, then from the start again.
 * A validation batch which reaches past the last window is filled up with rows of weight 0.
 *
 * Files are read once, here. `config` records each file's path, size and SHA-256; a task made from a recorded config refuses
 * files which have changed since. Paths below the working folder are recorded from there.
 * @throws ConfigError where the options do not fit; TaskError where a file is missing, empty, unreadable, not of its format, or too short for one window on both sides
 */
export function text(options: z.input<typeof textOptions>): Task {
  const parsed = parseOptions('task', textOptions, options);
  const { seq, validationFraction, format, field, separator } = parsed;
  const symbols = parsed.tokenizer === 'bytes' ? byteSymbols : tokenizerSymbols(parsed.tokenizer);
  const read = parsed.files.map((file) => readFile(file, 'files'));
  const parts = read.flatMap(({ bytes, identity: { path } }) => {
    const layout = format === 'auto' ? formatOf(path) : format;
    const found = documents(bytes, path, layout, field);
    return found.map((document) => symbols.encode(typeof document === 'string' ? document + separator : document));
  });
  const stream = joined(parts);
  const split = stream.length - Math.floor(stream.length * validationFraction);
  const heldOut = stream.length - split;
  if (split < seq + 1 || heldOut < seq + 1) {
    const [names, unit] = [
      read.map(({ identity }) => identity.path).join(', '),
      symbols === byteSymbols ? 'bytes' : 'tokens',
    ];
    throw new TaskError(
      `text: ${names} has ${stream.length} ${unit}, split into ${split} for training and ${heldOut} for validation, ` +
        `but each part needs seq + 1 = ${seq + 1}; give more text, a smaller seq or another validationFraction`,
    );
  }
  const rows = Math.floor((heldOut - 1) / seq);

  const copyWindow = (out: TaskBatch, row: number, start: number): void => {
    out.ids.set(stream.subarray(start, start + seq), row * seq);
    out.targets.set(stream.subarray(start + 1, start + seq + 1), row * seq);
    out.weights.fill(1, row * seq, (row + 1) * seq);
  };

  return {
    name: 'text',
    vocab: symbols.vocab,
    seq,
    chance: 1 / symbols.vocab,
    metric: 'bitsPerByte',
    bytesPerSymbol:
      symbols === byteSymbols ? 1 : Buffer.byteLength(symbols.decode(stream.subarray(split)), 'utf8') / heldOut,
    validationRows: rows,
    config: {
      name: 'text',
      ...parsed,
      files: read.map(({ identity }) => identity),
      tokenizer: symbols.config,
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
    decode: symbols.decode,
  };
}

function joined(parts: readonly ArrayLike<number>[]): Int32Array {
  const stream = new Int32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    stream.set(part, at);
    at += part.length;
  }
  return stream;
}
