// What one row's tokens wrote in one layer, and the ways between that and tensors of several rows.
import { type Hosted, HostTensor } from '@looplab/engine';
import type { KvSlot } from '../kv/kvSlots.ts';
import { pack } from './rows.ts';

/** The keys and values that one layer made of a row's tokens, [seq, width] each. */
export interface LayerRow {
  readonly k: Float32Array;
  readonly v: Float32Array;
}

/** What a row's tokens wrote into a slot. */
export interface Written {
  readonly layers: readonly LayerRow[];
  /** [seq], 1 where a token wrote. */
  readonly has: Float32Array;
}

/** The layers of a slot [rows, seq, width] by rows; they share its memory. */
export function layerRows({ layers }: Hosted<KvSlot>): (row: number) => LayerRow[] {
  const of = ({ data, shape }: HostTensor, row: number): Float32Array => {
    const size = data.length / (shape[0] ?? 1);
    return data.subarray(row * size, (row + 1) * size) as Float32Array; // keys and values are float32
  };
  return (row) => layers.map(({ k, v }) => ({ k: of(k, row), v: of(v, row) }));
}

/** Token `j` of what a row wrote. */
export function tokenOf(layers: readonly LayerRow[], j: number, seq: number): LayerRow[] {
  const one = (x: Float32Array): Float32Array => x.subarray((j * x.length) / seq, ((j + 1) * x.length) / seq);
  return layers.map(({ k, v }) => ({ k: one(k), v: one(v) }));
}

/** What rows wrote, as one slot; undefined if there are none. */
export function slotOf(rows: readonly Written[]): Hosted<KvSlot> | undefined {
  const [first] = rows;
  if (!first) return undefined;
  const seq = first.has.length;
  const layer = (i: number, of: 'k' | 'v'): HostTensor =>
    pack(
      rows.map(({ layers }) => {
        const data = (layers[i] as LayerRow)[of]; // rows have the same layers
        return new HostTensor(data, [seq, data.length / seq]);
      }),
    );
  return {
    layers: first.layers.map((_, i) => ({ k: layer(i, 'k'), v: layer(i, 'v') })),
    has: pack(rows.map(({ has }) => new HostTensor(has, [seq]))),
  };
}
