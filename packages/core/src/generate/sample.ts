// The next token from its logits.
import { type Key, uniform } from '../rng/random.ts';

/**
 * Draws a token from `softmax(logits / temperature)`.
 * @param logits [vocab]
 * @param temperature 0 takes the likeliest token
 */
export function sample(logits: ArrayLike<number>, temperature: number, key: Key): number {
  const vocab = logits.length;
  const at = (i: number): number => logits[i] as number; // i is below vocab
  let best = 0;
  for (let i = 1; i < vocab; i++) if (at(i) > at(best)) best = i;
  if (temperature === 0) return best;
  const mass = Float64Array.from({ length: vocab }, (_, i) => Math.exp((at(i) - at(best)) / temperature));
  let left = (uniform(key, 1)[0] as number) * mass.reduce((a, b) => a + b, 0);
  for (let i = 0; i < vocab; i++) {
    left -= mass[i] as number; // i is below vocab
    if (left < 0) return i;
  }
  return best; // rounding left a crumb
}
