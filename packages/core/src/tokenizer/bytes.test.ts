// Bytes and back.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { BYTE_VOCAB, decodeBytes, encodeBytes } from './bytes.ts';

it('is undone by decoding', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const ids = encodeBytes(text);
      expect(ids.every((i) => i >= 0 && i < BYTE_VOCAB)).toBe(true);
      expect(decodeBytes(ids)).toBe(text);
    }),
  );
});

it('marks a character cut in two and refuses what is no byte', () => {
  expect([...encodeBytes('aé')]).toEqual([97, 195, 169]);
  expect(decodeBytes([97, 195])).toBe('a\ufffd');
  expect(() => decodeBytes([256])).toThrow('a byte token is 0 to 255 (got 256)');
});
