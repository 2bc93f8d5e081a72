// Turns one random key into a run of choices, for generators that cannot say beforehand how many they need.
import { fold, type Key, uniform } from '@looplab/core';

const BLOCK = 64;

/**
 * A function that gives the next whole number in `0..below-1` each time it is called. The sequence depends on the key
 * alone. `below` must be far under 2^24, the resolution of a float32 uniform; every choice here is at most a few thousand.
 */
export function draws(from: Key): (below: number) => number {
  let block = 0;
  let used = BLOCK;
  let values: Float32Array = new Float32Array(0);
  return (below) => {
    if (used === BLOCK) {
      values = uniform(fold(from, block), BLOCK);
      block += 1;
      used = 0;
    }
    const u = values[used] ?? 0; // used < BLOCK
    used += 1;
    return Math.floor(u * below);
  };
}
