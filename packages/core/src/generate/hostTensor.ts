// A row's share of a tensor, kept on the host, so that any rows can be computed together.
import * as tf from '@tensorflow/tfjs-core';

export interface HostTensor {
  readonly data: Float32Array | Int32Array | Uint8Array;
  readonly shape: readonly number[];
}

/** By name. */
export type HostTensors = Readonly<Record<string, HostTensor>>;

/** Rows of one shape as one tensor [rows, ...shape]. */
export function pack(rows: readonly HostTensor[]): tf.Tensor {
  const { data, shape } = rows[0] as HostTensor; // the caller's contract
  const make = data.constructor as new (n: number) => typeof data;
  const all = new make(data.length * rows.length);
  for (let i = 0, at = 0; i < rows.length; i++, at += data.length) all.set((rows[i] as HostTensor).data, at);
  return tf.tensor(
    all,
    [rows.length, ...shape],
    data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool',
  );
}

/** The rows of a tensor [rows, ...]. */
export async function unpack(x: tf.Tensor): Promise<HostTensor[]> {
  const data = await x.data();
  const [rows = 0, ...shape] = x.shape;
  const size = data.length / Math.max(1, rows);
  return Array.from({ length: rows }, (_, i) => ({ data: data.subarray(i * size, (i + 1) * size), shape }));
}

/** Packs each name that the first row has. */
export function packAll(rows: readonly HostTensors[]): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.keys(rows[0] ?? {}).map((name) => [name, pack(rows.map((r) => r[name] as HostTensor))]),
  ); // rows of one kind
}

/** One record a row. */
export async function unpackAll(xs: Readonly<Record<string, tf.Tensor>>): Promise<Record<string, HostTensor>[]> {
  const rows: Record<string, HostTensor>[] = [];
  for (const [name, x] of Object.entries(xs)) {
    for (const [i, row] of (await unpack(x)).entries()) {
      const record = rows[i] ?? {};
      record[name] = row;
      rows[i] = record;
    }
  }
  return rows;
}

/** Zeros of the same names and shapes. */
export function blank(xs: HostTensors): HostTensors {
  return Object.fromEntries(
    Object.entries(xs).map(([name, x]) => [name, { data: x.data.map(() => 0), shape: x.shape }]),
  );
}
