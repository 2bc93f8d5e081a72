// Random numbers as pure functions of a splittable key: no state, so any draw can be replayed in any order.
import { threefry2x32 } from './threefry.ts';

/** 64 bits as two unsigned words. Equal keys give equal draws; never draw twice from a key for two purposes: fold it. */
export type Key = readonly [number, number];

// The top bits of the second counter word keep the uses of a key apart: draws, children, folded numbers, folded text.
const CHILD = 0x40000000;
const NUMBER = 0x80000000;
const TEXT = 0xc0000000;
const MAX_DRAWS = 2 ** 31;

function block(k: Key, c0: number, c1: number): Key {
  const out = new Uint32Array(2);
  threefry2x32(k[0], k[1], c0, c1, out, 0);
  return [out[0] as number, out[1] as number]; // two words were just written
}

/** The root key of a seed, a whole number from 0 to 2^53 - 1. */
export function key(seed: number): Key {
  return fold([0, 0], seed);
}

/** A new key from `k` and a name or a whole number >= 0; different data give unrelated keys. */
export function fold(k: Key, data: string | number): Key {
  if (typeof data === 'number') {
    if (!Number.isSafeInteger(data) || data < 0) {
      throw new RangeError(
        `a random key takes whole numbers from 0 to 2^53 - 1 (got ${data}); use a non-negative integer seed`,
      );
    }
    return block(k, data >>> 0, NUMBER | Math.floor(data / 2 ** 32));
  }
  const bytes = new TextEncoder().encode(data);
  let out = block(k, bytes.length, TEXT);
  for (let i = 0; i < bytes.length; i += 8) {
    const word = (at: number): number =>
      (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    out = block(out, word(i), word(i + 4));
  }
  return out;
}

/** `n` independent keys. */
export function split(k: Key, n: number): Key[] {
  count('split', n);
  return Array.from({ length: n }, (_, i) => block(k, i, CHILD));
}

function count(what: string, n: number): void {
  if (!Number.isSafeInteger(n) || n < 0 || n > MAX_DRAWS) {
    throw new RangeError(`${what}: the count must be a whole number from 0 to 2^31 (got ${n})`);
  }
}

function words(k: Key, blocks: number): Uint32Array {
  const out = new Uint32Array(2 * blocks);
  for (let i = 0; i < blocks; i++) threefry2x32(k[0], k[1], i, 0, out, 2 * i);
  return out;
}

/** `n` numbers in [0, 1), multiples of 2^-24. */
export function uniform(k: Key, n: number): Float32Array {
  count('uniform', n);
  const w = words(k, Math.ceil(n / 2));
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) out[i] = ((w[i] as number) >>> 8) * 2 ** -24; // w has at least n words
  return out;
}

/** `n` standard normal numbers (Box-Muller in float64, stored as float32). */
export function normal(k: Key, n: number): Float32Array {
  count('normal', n);
  const blocks = Math.ceil(n / 2);
  const w = words(k, blocks);
  const out = new Float32Array(n);
  for (let i = 0; i < blocks; i++) {
    const radius = Math.sqrt(-2 * Math.log(((w[2 * i] as number) + 0.5) * 2 ** -32)); // w has 2 * blocks words
    const angle = 2 * Math.PI * (w[2 * i + 1] as number) * 2 ** -32;
    out[2 * i] = radius * Math.cos(angle);
    if (2 * i + 1 < n) out[2 * i + 1] = radius * Math.sin(angle);
  }
  return out;
}

/** `n` whole numbers in `0 .. below - 1`; the bias is below 2^-22 for every `below` up to 2^31. */
export function randint(k: Key, n: number, below: number): Int32Array {
  count('randint', n);
  if (!Number.isInteger(below) || below < 1 || below > 2 ** 31) {
    throw new RangeError(`randint: below must be a whole number from 1 to 2^31 (got ${below})`);
  }
  const w = words(k, n);
  const out = new Int32Array(n);
  for (let i = 0; i < n; i++) out[i] = Math.floor(unit53(w, i) * below);
  return out;
}

/** The numbers `0 .. n - 1` in a random order (Fisher-Yates). */
export function permutation(k: Key, n: number): Int32Array {
  count('permutation', n);
  const w = words(k, n);
  const out = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(unit53(w, i) * (i + 1));
    const x = out[i] as number; // i and j are below n
    out[i] = out[j] as number;
    out[j] = x;
  }
  return out;
}

/** Block `i` of `w` as a number in [0, 1) with 53 random bits. */
function unit53(w: Uint32Array, i: number): number {
  const hi = (w[2 * i] as number) >>> 5; // the caller drew a block for every i
  const lo = (w[2 * i + 1] as number) >>> 6;
  return (hi * 2 ** 26 + lo) * 2 ** -53;
}
