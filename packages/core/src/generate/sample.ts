// The next token of each row from its logits.
import { fold, type Key, uniform } from '../rng/random.ts';

/**
 * Draws one token a row; row `r` depends on `key` and `r` alone, not on the batch around it.
 * @param logits [rows, vocab], row-major
 * @param temperature 0 takes the likeliest token
 */
export function sample(logits: ArrayLike<number>, rows: number, temperature: number, key: Key): Int32Array {
  const vocab = logits.length / rows;
  return Int32Array.from({ length: rows }, (_, r) => {
    const at = (i: number): number => logits[r * vocab + i] as number; // i is below vocab
    let best = 0;
    for (let i = 1; i < vocab; i++) if (at(i) > at(best)) best = i;
    if (temperature === 0) return best;
    const mass = Float64Array.from({ length: vocab }, (_, i) => Math.exp((at(i) - at(best)) / temperature));
    let left = (uniform(fold(key, r), 1)[0] as number) * mass.reduce((a, b) => a + b, 0);
    for (let i = 0; i < vocab; i++) {
      left -= mass[i] as number; // i is below vocab
      if (left < 0) return i;
    }
    return best; // rounding left a crumb
  });
}
