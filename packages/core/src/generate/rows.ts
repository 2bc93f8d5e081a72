// Rows of host tensors put together, so that any rows can be computed together, and taken apart.
import { type HostData, HostTensor } from '@looplab/engine';

/** By name. */
export type HostTensors = Readonly<Record<string, HostTensor>>;

/** Rows of one shape as one tensor [rows, ...shape]. */
export function pack(rows: readonly HostTensor[]): HostTensor {
  const [{ data, shape }] = rows as readonly [HostTensor]; // there is a row
  const all = like(data, data.length * rows.length);
  for (let i = 0, at = 0; i < rows.length; i++, at += data.length) all.set((rows[i] as HostTensor).data, at);
  return new HostTensor(all, [rows.length, ...shape]);
}

/** The rows of a tensor [rows, ...]; they share its memory. */
export function unpack({ data, shape: [rows = 0, ...shape] }: HostTensor): HostTensor[] {
  const size = data.length / Math.max(1, rows);
  return Array.from({ length: rows }, (_, i) => new HostTensor(data.subarray(i * size, (i + 1) * size), shape));
}

/** Packs each name that the first row has. */
export function packAll(rows: readonly HostTensors[]): Record<string, HostTensor> {
  const out: Record<string, HostTensor> = {};
  for (const name in rows[0]) out[name] = pack(rows.map((row) => row[name] as HostTensor)); // rows of one kind
  return out;
}

/** One record a row; they share the memory of the tensors. */
export function unpackAll(xs: HostTensors): Record<string, HostTensor>[] {
  const rows: Record<string, HostTensor>[] = [];
  for (const name in xs) {
    unpack(xs[name] as HostTensor).forEach((row, i) => {
      const record = rows[i] ?? {};
      record[name] = row;
      rows[i] = record;
    });
  }
  return rows;
}

/** Memory of its own for a row that must last. */
export function copyOf({ data, shape }: HostTensor): HostTensor {
  return new HostTensor(data.slice(), shape);
}

/** Zeros of the same shape. */
export function blank({ data, shape }: HostTensor): HostTensor {
  return new HostTensor(like(data, data.length), shape);
}

/** Zeros of the same names and shapes. */
export function blankAll(xs: HostTensors): HostTensors {
  return Object.fromEntries(Object.entries(xs).map(([name, x]) => [name, blank(x)]));
}

function like(data: HostData, size: number): HostData {
  return new (data.constructor as new (n: number) => HostData)(size);
}

/** Copies of all. */
export function copyAll(xs: HostTensors): HostTensors {
  const out: Record<string, HostTensor> = {};
  for (const name in xs) out[name] = copyOf(xs[name] as HostTensor);
  return out;
}
