// What a cache keeps of a token whose policy leaves it one slot: the first of what its loops wrote, the last or the mean.
import type { LayerRow, Written } from './layerRow.ts';

export class Kept {
  readonly #rule: 'first' | 'last' | 'mean';
  #kept: Written | undefined;
  /** How many loops of each token are in the mean. */
  #counts: Float32Array | undefined;

  constructor(rule: 'first' | 'last' | 'mean') {
    this.#rule = rule;
  }

  /** What the next loop wrote, or showed of an earlier one if it was skipped. */
  add(written: Written): void {
    if (this.#rule === 'last' || !this.#kept) {
      this.#kept = copyOf(written);
      this.#counts = written.has.slice();
      return;
    }
    if (this.#rule === 'first') return;
    const counts = this.#counts as Float32Array; // made with the first
    const { layers, has } = this.#kept;
    for (let j = 0; j < has.length; j++) {
      if (written.has[j] === 0) continue;
      counts[j] = (counts[j] as number) + 1;
      has[j] = 1;
      layers.forEach((layer, i) => {
        towards(layer.k, (written.layers[i] as LayerRow).k, j, has.length, counts[j] as number); // the same layers
        towards(layer.v, (written.layers[i] as LayerRow).v, j, has.length, counts[j] as number);
      });
    }
  }

  /** Undefined if nothing was written. */
  get result(): Written | undefined {
    return this.#kept;
  }
}

function copyOf({ layers, has }: Written): Written {
  return { layers: layers.map(({ k, v }) => ({ k: k.slice(), v: v.slice() })), has: has.slice() };
}

/** Takes the n-th value of token `j` into the mean. */
function towards(mean: Float32Array, x: Float32Array, j: number, seq: number, n: number): void {
  const width = mean.length / seq;
  for (let i = j * width; i < (j + 1) * width; i++)
    mean[i] = (mean[i] as number) + ((x[i] as number) - (mean[i] as number)) / n; // both hold seq tokens
}
