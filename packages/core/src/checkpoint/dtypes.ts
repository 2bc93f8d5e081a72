// The element types a checkpoint may hold, and how each is stored in little-endian bytes.
import { fromBf16, fromF16, toBf16, toF16 } from './half.ts';

export type Dtype = 'F32' | 'F16' | 'BF16' | 'I32' | 'I64';

/** Values in memory: 16-bit floats are widened to float32, which holds each of them exactly. */
export type TensorData = Float32Array | Int32Array | BigInt64Array;

export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export const dtypeBytes: Readonly<Record<Dtype, number>> = { F32: 4, F16: 2, BF16: 2, I32: 4, I64: 8 };

/** Values of `bytes`, whose length is a multiple of the element size. */
export function decode(dtype: Dtype, bytes: Uint8Array): TensorData {
  const own = new Uint8Array(bytes).buffer; // aligned, and independent of the file's buffer
  switch (dtype) {
    case 'F32':
      return new Float32Array(own);
    case 'I32':
      return new Int32Array(own);
    case 'I64':
      return new BigInt64Array(own);
    case 'F16':
      return Float32Array.from(new Uint16Array(own), fromF16);
    case 'BF16':
      return Float32Array.from(new Uint16Array(own), fromBf16);
  }
}

/** Bytes of values; float32 is rounded to nearest even for the 16-bit types. */
export function encode(dtype: Dtype, data: TensorData): Uint8Array {
  const raw = (x: TensorData): Uint8Array => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
  const wanted = dtype === 'I32' ? Int32Array : dtype === 'I64' ? BigInt64Array : Float32Array;
  if (!(data instanceof wanted))
    throw new TypeError(`${dtype} is stored from a ${wanted.name} (got ${data.constructor.name})`);
  if (dtype !== 'F16' && dtype !== 'BF16') return raw(data);
  const half = Uint16Array.from(data as Float32Array, dtype === 'F16' ? toF16 : toBf16); // checked above
  return new Uint8Array(half.buffer);
}
