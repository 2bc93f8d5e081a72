// Files of text as documents: UTF-8, JSON lines or Parquet, with what identifies their bytes.
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isAbsolute, relative, sep } from 'node:path';
import { z } from 'zod';
import { parquetColumn } from './parquetColumn.ts';
import { TaskError } from './task.ts';

const identity = z.strictObject({ path: z.string().min(1), bytes: z.int(), sha256: z.string() });

/** A path, or a path with the size and hash its file must have: what a task's config records. */
export const fileOption = z.union([z.string().min(1), identity], {
  error: 'a file must be a path, or { path, bytes, sha256 } as a run records it; set task.files or task.tokenizer',
});
export type FileIdentity = z.infer<typeof identity>;

/** How a file's documents are laid out. */
export type TextFormat = 'text' | 'jsonl' | 'parquet';

/**
 * A file's bytes, and its identity. Paths below the working folder are recorded from there, so that the same checkout in another place
 * gives the same identity.
 * @param option which option named the file, for errors
 * @throws TaskError where it is missing, empty, unreadable, or not the file that was recorded
 */
export function readFile(file: string | FileIdentity, option: string): { bytes: Buffer; identity: FileIdentity } {
  const path = typeof file === 'string' ? file : file.path;
  const bytes = readBytes(path, option);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (typeof file !== 'string' && file.sha256 !== sha256) {
    throw new TaskError(
      `text: ${path} is not the file that was recorded (sha256 ${sha256.slice(0, 12)}…, ${bytes.length} bytes; recorded ` +
        `${file.sha256.slice(0, 12)}…, ${file.bytes} bytes); restore it, or name it by its path alone to take it as it is`,
    );
  }
  const fromHere = relative(process.cwd(), path);
  const isBelow = fromHere !== '' && !fromHere.startsWith('..') && !isAbsolute(fromHere);
  return { bytes, identity: { path: isBelow ? fromHere.split(sep).join('/') : path, bytes: bytes.length, sha256 } };
}

function readBytes(path: string, option: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code; // readFileSync throws system errors
    if (code === 'ENOENT')
      throw new TaskError(
        `text: there is no file ${path}; check task.${option} (paths are relative to ${process.cwd()})`,
      );
    if (code === 'EISDIR')
      throw new TaskError(`text: ${path} is a folder; name the files in it one by one in task.${option}`);
    throw new TaskError(`text: cannot read ${path} (${code ?? String(error)}); check its permissions`);
  }
  if (bytes.length === 0) throw new TaskError(`text: ${path} is empty; remove it from task.${option} or fill it`);
  return bytes;
}

/** The layout that a path's ending stands for. */
export function formatOf(path: string): TextFormat {
  if (/\.(jsonl|ndjson)$/i.test(path)) return 'jsonl';
  return /\.parquet$/i.test(path) ? 'parquet' : 'text';
}

/**
 * The documents in a file: the whole of a text file (still as bytes), `field` of each line or row otherwise; lines and rows without text are left out.
 * @throws TaskError where the bytes are not of that format or hold no text in `field`
 */
export function documents(bytes: Buffer, path: string, format: TextFormat, field: string): (string | Buffer)[] {
  if (format !== 'parquet' && !isUtf8(bytes))
    throw new TaskError(`text: ${path} is not UTF-8 text; convert it first, for instance with iconv -t UTF-8`);
  if (format === 'text') return [bytes];
  const found = (format === 'jsonl' ? jsonLines(bytes, path, field) : parquetRows(bytes, path, field)).filter(
    (text) => text !== '',
  );
  if (found.length === 0) throw new TaskError(`text: ${path} has no text in ${field}; set task.field`);
  return found;
}

function jsonLines(bytes: Buffer, path: string, field: string): string[] {
  const found: string[] = [];
  // line by line, since the whole file may be longer than a string can be
  for (let from = 0, line = 1; from < bytes.length; line++) {
    const end = bytes.indexOf(10, from);
    const to = end < 0 ? bytes.length : end;
    const json = bytes.toString('utf8', from, to).trim();
    from = to + 1;
    if (json === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch (error) {
      throw new TaskError(`text: line ${line} of ${path} is not JSON (${(error as Error).message}); fix or remove it`);
    }
    const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
    const text =
      isRecord && Object.hasOwn(value as object, field) ? (value as Record<string, unknown>)[field] : undefined;
    if (typeof text !== 'string') {
      const keys = isRecord ? `it has ${Object.keys(value as object).join(', ') || 'no keys'}` : 'it is no object';
      throw new TaskError(`text: line ${line} of ${path} has no string in '${field}' (${keys}); set task.field`);
    }
    found.push(text);
  }
  return found;
}

function parquetRows(bytes: Buffer, path: string, field: string): string[] {
  try {
    return parquetColumn(bytes, field).filter((text) => text !== undefined);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TaskError(
      `text: cannot read ${path} as Parquet: ${reason}; set task.field to a column of strings, and write the file with Snappy, gzip, Brotli, Zstandard or no compression`,
    );
  }
}
