// The header of a safetensors file, checked to the last byte before anything is read with it.
import { z } from 'zod';
import { type Dtype, dtypeBytes } from './dtypes.ts';
import { duplicateKey } from './duplicateKey.ts';

/** A file that is not a readable checkpoint: the message says which file, what is wrong and what to do. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

/** Where a tensor lies; offsets count from the end of the header. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly tensors: readonly TensorInfo[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** As the reference implementation limits it. */
const MAX_HEADER = 100_000_000;
/** Bytes before the header: its length. */
export const LENGTH_BYTES = 8;

const whole = z.number().int().min(0);
const entry = z.strictObject({
  dtype: z.enum(Object.keys(dtypeBytes) as [Dtype, ...Dtype[]]), // the table has five keys
  shape: z.array(whole),
  data_offsets: z.tuple([whole, whole]),
});

/** The header's length from a file's first eight bytes. */
export function headerLength(first: Uint8Array, fileBytes: number, where: string): number {
  if (first.length < LENGTH_BYTES) {
    throw new CheckpointError(
      `${where} is not a safetensors file: it has ${fileBytes} bytes, the header's length alone takes 8; fetch the file again`,
    );
  }
  const length = Number(new DataView(first.buffer, first.byteOffset, LENGTH_BYTES).getBigUint64(0, true));
  if (length > MAX_HEADER) {
    throw new CheckpointError(
      `${where} is not a safetensors file: its header claims ${length} bytes, at most ${MAX_HEADER} are allowed`,
    );
  }
  if (LENGTH_BYTES + length > fileBytes) {
    throw new CheckpointError(
      `${where} is truncated: its header takes ${LENGTH_BYTES + length} bytes, the file has ${fileBytes}; fetch the file again`,
    );
  }
  return length;
}

/**
 * Tensors in the order of their bytes. Every byte of the data must belong to exactly one of them.
 * @param dataBytes bytes of the file after the header
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, where: string): Header {
  const bad = (problem: string): never => {
    throw new CheckpointError(`${where} is not a valid safetensors file: ${problem}`);
  };
  const json = parseJson(bytes, bad);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return bad('its header is no JSON object');
  const { __metadata__: meta = {}, ...entries } = json as Record<string, unknown>; // an object, checked above
  if (!isTexts(meta)) return bad('__metadata__ must map text to text');
  const tensors = Object.entries(entries).map(([name, value]): TensorInfo => {
    const parsed = entry.safeParse(value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      return bad(`tensor '${name}' has a bad ${issue?.path.join('.') || 'entry'}: ${issue?.message}`);
    }
    const { dtype, shape, data_offsets } = parsed.data;
    const [begin, end] = data_offsets;
    const size = shape.reduce((n, d) => n * d, dtypeBytes[dtype]);
    if (!Number.isSafeInteger(size)) bad(`tensor '${name}' of shape [${shape}] is larger than any file`);
    if (begin > end || end > dataBytes)
      bad(`tensor '${name}' spans bytes ${begin} to ${end}, the data has ${dataBytes}`);
    if (end - begin !== size)
      bad(`tensor '${name}' of ${dtype} [${shape}] takes ${size} bytes, its offsets span ${end - begin}`);
    return { name, dtype, shape, begin, end };
  });
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const t of tensors) {
    if (t.begin < at) bad(`tensor '${t.name}' starts at byte ${t.begin}, inside the one before, which ends at ${at}`);
    if (t.begin > at) bad(`bytes ${at} to ${t.begin} belong to no tensor`);
    at = t.end;
  }
  if (at !== dataBytes) bad(`bytes ${at} to ${dataBytes} belong to no tensor`);
  return { tensors, metadata: meta };
}

function parseJson(bytes: Uint8Array, bad: (problem: string) => never): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bad('its header is not UTF-8');
  }
  if (!text.startsWith('{')) return bad("its header does not start with '{'");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (e) {
    return bad(`its header is not JSON (${(e as Error).message})`);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) return bad(`its header names '${twice}' twice`);
  return json;
}

/** Whether `x` is an object of texts. By hand: a zod record drops the key `__proto__`. */
function isTexts(x: unknown): x is Readonly<Record<string, string>> {
  return (
    typeof x === 'object' &&
    x !== null &&
    !Array.isArray(x) &&
    Object.values(x).every((text) => typeof text === 'string')
  );
}
