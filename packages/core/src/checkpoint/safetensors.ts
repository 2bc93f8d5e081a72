// Reads and writes safetensors: a length, a JSON header, and the tensors' bytes back to back.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { atomicWrite } from './atomicWrite.ts';
import { type Dtype, decode, dtypeBytes, encode, type StoredTensor } from './dtypes.ts';
import { CheckpointError, headerLength, LENGTH_BYTES, parseHeader, type TensorInfo } from './header.ts';

export interface Checkpoint {
  readonly tensors: Readonly<Record<string, StoredTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Source {
  readonly name: string;
  readonly bytes: number;
  read(at: number, length: number): Uint8Array;
}

/**
 * Every tensor of a checkpoint, read one by one, so that files of any size will do.
 * @param from a path, or the bytes of a file
 * @throws CheckpointError if the file is missing, truncated or malformed in any way
 */
export function readSafetensors(from: string | Uint8Array): Checkpoint {
  if (typeof from !== 'string') {
    return read({ name: 'the buffer', bytes: from.length, read: (at, length) => from.subarray(at, at + length) });
  }
  let fd: number;
  try {
    fd = openSync(from, 'r');
  } catch (e) {
    throw new CheckpointError(`${from} cannot be opened (${(e as NodeJS.ErrnoException).code}); check the path`, {
      cause: e,
    });
  }
  try {
    return read({ name: from, bytes: fstatSync(fd).size, read: (at, length) => readFully(fd, at, length, from) });
  } finally {
    closeSync(fd);
  }
}

function readFully(fd: number, at: number, length: number, name: string): Uint8Array {
  const out = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const n = readSync(fd, out, done, Math.min(length - done, 2 ** 30), at + done);
    if (n === 0) throw new CheckpointError(`${name} became shorter while it was read; fetch the file again`);
    done += n;
  }
  return out;
}

function read(source: Source): Checkpoint {
  const length = headerLength(source.read(0, Math.min(LENGTH_BYTES, source.bytes)), source.bytes, source.name);
  const data = LENGTH_BYTES + length;
  const header = parseHeader(source.read(LENGTH_BYTES, length), source.bytes - data, source.name);
  const load = (t: TensorInfo): StoredTensor => ({
    dtype: t.dtype,
    shape: t.shape,
    data: decode(t.dtype, source.read(data + t.begin, t.end - t.begin)),
  });
  return { tensors: Object.fromEntries(header.tensors.map((t) => [t.name, load(t)])), metadata: header.metadata };
}

/** Largest element first, then by name: keeps every tensor aligned, and equal content gives equal files. */
function inOrder(tensors: Readonly<Record<string, StoredTensor>>): [string, StoredTensor][] {
  const width = (t: StoredTensor): number => dtypeBytes[t.dtype as Dtype];
  return Object.entries(tensors).sort(([a, x], [b, y]) => width(y) - width(x) || (a < b ? -1 : 1));
}

/** The bytes of a checkpoint: the header first, then one chunk a tensor. */
export function* safetensorsChunks(
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array> {
  const header = Object.create(null) as Record<string, unknown>; // no inherited names
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  const ordered = inOrder(tensors);
  let at = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    if (name === '__metadata__') throw new CheckpointError("a tensor cannot be called '__metadata__'; rename it");
    const count = shape.reduce((a, b) => a * b, 1);
    if (count !== data.length)
      throw new CheckpointError(`tensor '${name}' of shape [${shape}] takes ${count} values (got ${data.length})`);
    const end = at + count * dtypeBytes[dtype];
    header[name] = { dtype, shape, data_offsets: [at, end] };
    at = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20); // spaces, as the reference pads
  padded.set(json);
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  yield length;
  yield padded;
  for (const [, t] of ordered) yield encode(t.dtype, t.data);
}

/**
 * Writes a checkpoint that appears whole or not at all.
 * @throws CheckpointError if a tensor's data and shape disagree, or with the system's reason if writing fails
 */
export function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  try {
    atomicWrite(path, safetensorsChunks(tensors, metadata));
  } catch (e) {
    if (e instanceof CheckpointError || e instanceof TypeError) throw e;
    const { code } = e as NodeJS.ErrnoException;
    const cure = code === 'ENOSPC' ? 'free some space' : 'check that its folder exists and can be written to';
    throw new CheckpointError(`${path} cannot be written (${code ?? (e as Error).message}); ${cure}`, { cause: e });
  }
}
