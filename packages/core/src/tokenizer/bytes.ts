// Text as its UTF-8 bytes: a vocabulary of 256 that needs no training and loses nothing.

export const BYTE_VOCAB = 256;

/** The bytes of a text as token ids. */
export function encodeBytes(text: string): Int32Array {
  return Int32Array.from(new TextEncoder().encode(text));
}

/**
 * The text of token ids; bytes that are no valid UTF-8, such as a character cut at the end, become U+FFFD.
 * @throws RangeError for an id that is no byte
 */
export function decodeBytes(ids: ArrayLike<number>): string {
  const bytes = Uint8Array.from(ids, (id) => {
    if (!Number.isInteger(id) || id < 0 || id > 255)
      throw new RangeError(`a byte token is 0 to 255 (got ${id}); was this made with another vocabulary?`);
    return id;
  });
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
