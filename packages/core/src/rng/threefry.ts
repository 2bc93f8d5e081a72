// Threefry2x32 with 20 rounds: the keyed, counter-based bijection every random number is made of.

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const PARITY = 0x1bd11bda;

/**
 * Writes the two output words for counter `(c0, c1)` under key `(k0, k1)` to `out[at]` and `out[at + 1]`
 * (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", Threefry-2x32-20).
 */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number, out: Uint32Array, at: number): void {
  const schedule = [k0, k1, PARITY ^ k0 ^ k1] as const;
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  for (let round = 0; round < 20; round++) {
    const r = ROTATIONS[round % 8] as number; // the index is below 8
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << r) | (x1 >>> (32 - r))) ^ x0;
    if (round % 4 === 3) {
      const s = (round + 1) / 4;
      x0 = (x0 + (schedule[s % 3] as number)) | 0; // the index is below 3
      x1 = (x1 + (schedule[(s + 1) % 3] as number) + s) | 0; // the index is below 3
    }
  }
  out[at] = x0;
  out[at + 1] = x1;
}
