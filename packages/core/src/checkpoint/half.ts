// 16-bit floats: IEEE half and bfloat16 to and from float32, rounded to nearest even.

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

/** The 16 bits of a float32 as bfloat16. */
export function toBf16(x: number): number {
  word[0] = x;
  const b = bits[0] as number; // one word
  if (Number.isNaN(x)) return (b >>> 16) | 0x40; // stays a NaN, quiet
  return (b + 0x7fff + ((b >>> 16) & 1)) >>> 16;
}

export function fromBf16(h: number): number {
  bits[0] = h << 16;
  return word[0] as number; // one word
}

/** The 16 bits of a float32 as IEEE half: beyond 65504 infinity, below 2^-24 zero. */
export function toF16(x: number): number {
  word[0] = x;
  const b = bits[0] as number; // one word
  const sign = (b >>> 16) & 0x8000;
  if (Number.isNaN(x)) return sign | 0x7e00;
  const a = Math.abs(word[0] as number); // the input as float32
  if (a >= 65520) return sign | 0x7c00; // half way from the largest half to the next power
  if (a < 2 ** -14) return sign | roundEven(a * 2 ** 24); // subnormal: multiples of 2^-24
  const exponent = ((b >>> 23) & 0xff) - 127;
  // The rounded significand may carry into the exponent, which is what addition does to it.
  return sign | (((exponent + 15) << 10) + roundEven((a * 2 ** -exponent - 1) * 1024));
}

export function fromF16(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >>> 10) & 0x1f;
  const fraction = h & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function roundEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  if (rest !== 0.5) return rest < 0.5 ? low : low + 1;
  return low + (low % 2);
}
