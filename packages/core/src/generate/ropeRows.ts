// Rotary tables at any positions, from tables that are made once.
import { type Hosted, HostTensor, type RopeTables, ropeTables } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';

interface Tables {
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

export class RopeRows {
  readonly #widths: readonly number[];
  readonly #theta: number;
  readonly #made = new Map<number, Tables>();
  #positions = 0;

  /** @param widths head widths */
  constructor(widths: Iterable<number>, theta: number) {
    this.#widths = [...new Set(widths)];
    this.#theta = theta;
  }

  /** Makes the tables of the first `positions`. */
  async reserve(positions: number): Promise<void> {
    if (positions <= this.#positions) return;
    for (const width of this.#widths) {
      const { cos, sin } = ropeTables(positions, width, this.#theta);
      // A copy: some devices hand out the tensor's own memory.
      this.#made.set(width, { cos: Float32Array.from(await cos.data()), sin: Float32Array.from(await sin.data()) });
      tf.dispose([cos, sin]);
    }
    this.#positions = positions;
  }

  /** Tables by head width, [positions, width / 2]. */
  at(positions: readonly number[]): Record<string, Hosted<RopeTables>> {
    const rows = (from: Float32Array, half: number): HostTensor => {
      const to = new Float32Array(positions.length * half);
      positions.forEach((p, i) => {
        to.set(from.subarray(p * half, (p + 1) * half), i * half);
      });
      return new HostTensor(to, [positions.length, half]);
    };
    return Object.fromEntries(
      [...this.#made].map(([width, { cos, sin }]) => [width, { cos: rows(cos, width / 2), sin: rows(sin, width / 2) }]),
    );
  }
}
