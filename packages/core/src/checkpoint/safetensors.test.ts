// The safetensors reader against valid, malformed and random bytes, and the writer against failing disks.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { atomicWrite } from './atomicWrite.ts';
import type { Dtype, StoredTensor } from './dtypes.ts';
import { fromBf16, fromF16, toBf16, toF16 } from './half.ts';
import { CheckpointError } from './header.ts';
import { readSafetensors, safetensorsChunks, writeSafetensors } from './safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file by hand: any header text, any data. */
function file(header: string | object, data = 0, claimed?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const out = new Uint8Array(8 + text.length + data);
  new DataView(out.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  out.set(text, 8);
  return out;
}
const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});
const bytesOf = (t: Record<string, StoredTensor>, m: Record<string, string> = {}) =>
  Uint8Array.from(Buffer.concat([...safetensorsChunks(t, m)]));

describe('readSafetensors', () => {
  it('reads a file written by hand', () => {
    const bytes = file(
      { __metadata__: { format: 'pt' }, b: f32(4, 12, [2, 1]), a: f32(0, 4), none: f32(12, 12, [0, 3]) },
      12,
    );
    new DataView(bytes.buffer).setFloat32(bytes.length - 12, 1.5, true);
    new DataView(bytes.buffer).setFloat32(bytes.length - 4, -2, true);
    const { tensors, metadata } = readSafetensors(bytes);
    expect(metadata).toEqual({ format: 'pt' });
    expect(tensors.a).toEqual({ dtype: 'F32', shape: [1], data: Float32Array.of(1.5) });
    expect(tensors.b).toEqual({ dtype: 'F32', shape: [2, 1], data: Float32Array.of(0, -2) });
    expect(tensors.none?.data).toHaveLength(0);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /has 0 bytes/],
    ['half a length', new Uint8Array(5), /has 5 bytes/],
    ['a header longer than the file', file({}, 0, 99n), /truncated: its header takes 107 bytes, the file has 10/],
    ['an absurd header', file({}, 0, 2n ** 63n), /claims 9223372036854776000 bytes, at most 100000000/],
    ['no UTF-8', Uint8Array.from([2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]), /not UTF-8/],
    ['no JSON', file('{"a"'), /not JSON/],
    ['a leading space', file(' {}'), /does not start with '{'/],
    ['an array', file('[]'), /does not start with '{'/],
    ['an empty header', file(''), /does not start with '{'/],
    [
      'a duplicate tensor',
      file(
        '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\\u0061":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}',
      ),
      /names 'a' twice/,
    ],
    [
      'a duplicate field',
      file('{"a":{"dtype":"F32","dtype":"F32","shape":[0],"data_offsets":[0,0]}}'),
      /names 'dtype' twice/,
    ],
    [
      'an unknown type',
      file({ a: { dtype: 'F8', shape: [1], data_offsets: [0, 1] } }, 1),
      /tensor 'a' has a bad dtype/,
    ],
    ['a missing field', file({ a: { dtype: 'F32', shape: [1] } }, 4), /tensor 'a' has a bad data_offsets/],
    ['an extra field', file({ a: { ...f32(0, 4), x: 1 } }, 4), /tensor 'a' has a bad entry/],
    ['a negative size', file({ a: f32(0, 4, [-1]) }, 4), /bad shape.0/],
    ['a broken size', file({ a: f32(0, 4, [0.5, 2]) }, 4), /bad shape.0/],
    ['a shape that overflows', file({ a: f32(0, 4, [2 ** 40, 2 ** 40]) }, 4), /larger than any file/],
    ['offsets beyond the end', file({ a: f32(0, 8) }, 4), /spans bytes 0 to 8, the data has 4/],
    ['offsets backwards', file({ a: { dtype: 'F32', shape: [1], data_offsets: [4, 0] } }, 4), /spans bytes 4 to 0/],
    ['a shape that does not fit', file({ a: f32(0, 8, [3]) }, 8), /takes 12 bytes, its offsets span 8/],
    ['an overlap', file({ a: f32(0, 8), b: f32(4, 12) }, 12), /tensor 'b' starts at byte 4, inside the one before/],
    ['a gap', file({ a: f32(0, 4), b: f32(8, 12) }, 12), /bytes 4 to 8 belong to no tensor/],
    ['bytes left over', file({ a: f32(0, 4) }, 5), /bytes 4 to 5 belong to no tensor/],
    ['numbers in the metadata', file({ __metadata__: { step: 1 } }), /__metadata__ must map text to text/],
  ])('rejects %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(CheckpointError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it('names a file that is not there', () => {
    expect(() => readSafetensors(join(folder, 'no.safetensors'))).toThrow(
      /no.safetensors cannot be opened \(ENOENT\); check the path/,
    );
  });

  it('keeps names like __proto__ as plain names', () => {
    const bytes = file('{"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4);
    expect(Object.keys(readSafetensors(bytes).tensors)).toEqual(['__proto__']);
  });
});

const floats = fc.oneof(fc.float({ noNaN: true }), fc.constantFrom(0, -0, Number.POSITIVE_INFINITY, 2 ** -24, 65504));
const stored: fc.Arbitrary<StoredTensor> = fc
  .record({
    dtype: fc.constantFrom<Dtype>('F32', 'F16', 'BF16', 'I32', 'I64'),
    shape: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
  })
  .chain(({ dtype, shape }): fc.Arbitrary<StoredTensor> => {
    const n = shape.reduce((a, b) => a * b, 1);
    const list = <T>(a: fc.Arbitrary<T>) => fc.array(a, { minLength: n, maxLength: n });
    const round =
      dtype === 'F16'
        ? (x: number) => fromF16(toF16(x))
        : dtype === 'BF16'
          ? (x: number) => fromBf16(toBf16(x))
          : Math.fround;
    if (dtype === 'I32') return list(fc.integer()).map((x) => ({ dtype, shape, data: Int32Array.from(x) }));
    if (dtype === 'I64')
      return list(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map((x) => ({
        dtype,
        shape,
        data: BigInt64Array.from(x),
      }));
    return list(floats).map((x) => ({ dtype, shape, data: Float32Array.from(x, round) }));
  });
const names = fc.string({ unit: 'grapheme' }).filter((n) => n !== '__metadata__');
const checkpoints = fc.array(fc.tuple(names, stored), { maxLength: 5 }).map((x) => Object.fromEntries(x));

describe('writing', () => {
  it('is undone by reading, and keeps data aligned', () => {
    fc.assert(
      fc.property(checkpoints, fc.dictionary(names, fc.string()), (tensors, metadata) => {
        const bytes = bytesOf(tensors, metadata);
        const back = readSafetensors(bytes);
        expect({ ...back.tensors }).toEqual(tensors);
        expect(Object.entries(back.metadata)).toEqual(Object.entries(metadata));
        const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
        expect(length % 8).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('keeps metadata of any name', () => {
    const metadata = JSON.parse('{"__proto__": "a", "constructor": "b"}');
    expect(Object.entries(readSafetensors(bytesOf({}, metadata)).metadata)).toEqual(Object.entries(metadata));
  });

  it('gives equal bytes for equal content in any order', () => {
    const a = { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const;
    expect(bytesOf({ x: a, y: { ...a, dtype: 'BF16' } })).toEqual(bytesOf({ y: { ...a, dtype: 'BF16' }, x: a }));
  });

  it('never reads a damaged file as something else than a checkpoint or an error', () => {
    const base = bytesOf({
      w: { dtype: 'F32', shape: [2, 2], data: new Float32Array(4) },
      n: { dtype: 'F16', shape: [3], data: new Float32Array(3) },
    });
    const damage = fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, fc.nat(base.length), (edits, cut) => {
        const bytes = base.slice(0, cut < 8 ? base.length : cut);
        for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
        try {
          for (const t of Object.values(readSafetensors(bytes).tensors)) {
            expect(t.data.length).toBe(t.shape.reduce((a, b) => a * b, 1));
          }
        } catch (e) {
          if (!(e instanceof CheckpointError)) throw e;
        }
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readSafetensors(bytes);
        } catch (e) {
          if (!(e instanceof CheckpointError)) throw e;
        }
      }),
      { numRuns: 300 },
    );
  });

  it('rejects what it could not read back', () => {
    const path = join(folder, 'bad.safetensors');
    expect(() => writeSafetensors(path, { w: { dtype: 'F32', shape: [2], data: new Float32Array(3) } })).toThrow(
      "tensor 'w' of shape [2] takes 2 values (got 3)",
    );
    expect(() => writeSafetensors(path, { w: { dtype: 'I64', shape: [1], data: new Float32Array(1) } })).toThrow(
      'I64 is stored from a BigInt64Array',
    );
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('atomicWrite', () => {
  it('leaves the old file and no other when writing fails half-way', () => {
    const path = join(folder, 'a.bin');
    writeFileSync(path, 'old');
    const failing = function* () {
      yield Uint8Array.of(1, 2);
      throw new Error('disk full');
    };
    expect(() => atomicWrite(path, failing())).toThrow('disk full');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a.bin']);
    atomicWrite(path, [new TextEncoder().encode('new')]);
    expect(readFileSync(path, 'utf8')).toBe('new');
  });

  it('says what to do about a missing folder', () => {
    expect(() => writeSafetensors(join(folder, 'none', 'x'), {})).toThrow(
      /cannot be written \(ENOENT\); check that its folder exists/,
    );
  });
});

describe('16-bit floats', () => {
  it('round-trip every bit pattern that is no NaN', () => {
    for (let h = 0; h < 65_536; h++) {
      if (!Number.isNaN(fromF16(h))) expect(toF16(fromF16(h))).toBe(h);
      if (!Number.isNaN(fromBf16(h))) expect(toBf16(fromBf16(h))).toBe(h);
    }
  });

  it('round to nearest, ties to even', () => {
    expect(fromF16(toF16(1 + 2 ** -11))).toBe(1); // half way, 1 is even
    expect(fromF16(toF16(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9);
    expect(fromF16(toF16(2 ** -25))).toBe(0);
    expect(fromF16(toF16(65_519))).toBe(65_504);
    expect(fromF16(toF16(65_520))).toBe(Number.POSITIVE_INFINITY);
    expect(fromF16(toF16(1 - 2 ** -13))).toBe(1); // carries into the exponent
    expect(fromBf16(toBf16(1 + 2 ** -8))).toBe(1);
    expect(fromBf16(toBf16(1 + 3 * 2 ** -8))).toBe(1 + 2 ** -6);
    expect(toF16(Number.NaN) & 0x7fff).toBe(0x7e00);
    expect(fromBf16(toBf16(Number.NaN))).toBeNaN();
  });
});
