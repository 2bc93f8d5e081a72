// A random order of 0..n-1 that is looked up place by place, for pools too large to list.
import { fold, type Key } from '@looplab/core';

const ROUNDS = 6;

/**
 * A bijection of `0..n-1` which depends on the key alone: place in, number out. A Feistel network over the next power of four,
 * walked until it lands below `n` (Black and Rogaway 2002); a look-up costs a few random blocks and no memory.
 * @param n 1 to 2^52
 */
export function shuffledIndex(from: Key, n: number): (place: number) => number {
  if (!Number.isSafeInteger(n) || n < 1 || n > 2 ** 52)
    throw new RangeError(`shuffledIndex: n must be a whole number from 1 to 2^52 (got ${n})`);
  const half = 2 ** Math.ceil(Math.log2(n) / 2);
  const keys = Array.from({ length: ROUNDS }, (_, round) => fold(from, round));
  const once = (x: number): number => {
    let [left, right] = [Math.floor(x / half), x % half];
    for (const k of keys) [left, right] = [right, (left + fold(k, right)[0]) % half];
    return left * half + right;
  };
  return (place) => {
    let x = once(place);
    while (x >= n) x = once(x);
    return x;
  };
}
