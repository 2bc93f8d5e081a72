// What is written into the host cache is what rows see of it, after growth, copies and hiding too.
import type { HostTensor } from '@looplab/engine';
import { describe, expect, it } from 'vitest';
import { bucketOf } from './bucket.ts';
import { KvCache } from './kvCache.ts';
import type { LayerRow } from './layerRow.ts';

const shape = { layers: 2, dModel: 6, heads: 2, dFF: 1, finalNorm: true };

/** Keys of a token that say where they belong: layer, row, position and place in the width; values are their negatives. */
function made(row: number, position: number, seq: number): LayerRow[] {
  return [0, 1].map((layer) => {
    const k = Float32Array.from(
      { length: seq * 6 },
      (_, i) => 1000 * layer + 100 * row + 10 * (position + Math.floor(i / 6)) + (i % 6),
    );
    return { k, v: k.map((x) => -x) };
  });
}
const ones = (n: number): Float32Array => new Float32Array(n).fill(1);
const nothing = (): void => undefined;
const at = (x: HostTensor, ...index: number[]): number => {
  const flat = index.reduce((n, i, axis) => n * (x.shape[axis] ?? 1) + i, 0);
  return x.data[flat] ?? Number.NaN;
};

/** Two rows of 2 and 3 tokens in slot a; the second row also has its last token in slot b. */
function filled(block: number): KvCache {
  const cache = new KvCache(2, block);
  cache.open('core', shape, ['a', 'b']);
  cache.reserve(2);
  cache.write('core', 'a', { row: 0, offset: 0, seq: 2 }, made(0, 0, 2), ones(2));
  cache.write('core', 'a', { row: 1, offset: 0, seq: 2 }, made(1, 0, 2), ones(2));
  cache.reserve(3);
  cache.write('core', 'a', { row: 1, offset: 2, seq: 1 }, made(1, 2, 1), ones(1));
  cache.copy('core', 'a', 'b', { row: 1, offset: 2, seq: 1 });
  return cache;
}

describe.each([2, 8])('a cache that begins with %i places', (block) => {
  it('shows rows of one slot in place, by heads', () => {
    const cache = filled(block);
    const seen = cache.view(
      'core',
      [0, 1].map((row) => ({ row, slot: 'a' })),
      nothing,
    );
    expect(seen.index).toBeUndefined();
    expect(seen.layers[0]?.k.shape).toEqual([2, 2, cache.places, 3]);
    for (const layer of [0, 1])
      for (const [row, position] of [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
        [1, 2],
      ] as const)
        for (let i = 0; i < 6; i++) {
          const { k, v } = seen.layers[layer] as { k: HostTensor; v: HostTensor };
          const want = 1000 * layer + 100 * row + 10 * position + i;
          expect(at(k, row, Math.floor(i / 3), position, i % 3)).toBe(want);
          expect(at(v, row, Math.floor(i / 3), position, i % 3)).toBe(-want);
        }
    const places = cache.places;
    expect([...seen.mask.data.slice(0, 3)]).toEqual([1, 1, 0]);
    expect([...seen.mask.data.slice(places, places + 3)]).toEqual([1, 1, 1]);
  });

  it('picks any rows and slots by an index', () => {
    const cache = filled(block);
    const rows = [
      { row: 1, slot: 'b' },
      { row: 0, slot: 'a' },
      { row: 1, slot: 'a' },
    ];
    const { index, mask, layers } = cache.view('core', rows, (m, i) => i === 2 && m.fill(0, 0, 1));
    const { k } = layers[1] as { k: HostTensor };
    const n = [...(index?.data ?? [])];
    expect(n).toHaveLength(3);
    expect(at(k, n[0] as number, 1, 2, 0)).toBe(1000 + 100 + 20 + 3);
    expect(at(k, n[1] as number, 0, 1, 2)).toBe(1000 + 10 + 2);
    const of = (i: number): number[] => [...mask.data.slice(i * cache.places, i * cache.places + 3)];
    expect([of(0), of(1), of(2)]).toEqual([
      [0, 0, 1],
      [1, 1, 0],
      [0, 1, 1],
    ]);
  });

  it('reads back, hides and forgets', () => {
    const cache = filled(block);
    const place = { row: 1, offset: 1, seq: 2 };
    const { layers, has } = cache.read('core', 'a', place);
    expect(layers).toEqual(made(1, 1, 2));
    expect([...has]).toEqual([1, 1]);
    cache.hide('core', 'a', { row: 1, offset: 2, seq: 1 });
    expect([...cache.read('core', 'a', place).has]).toEqual([1, 0]);
    cache.open('core', shape, ['c']); // a new slot leaves the others
    expect(cache.read('core', 'a', place).layers).toEqual(made(1, 1, 2));
    cache.clear();
    expect([...cache.read('core', 'a', place).has]).toEqual([0, 0]);
  });
});

it('refuses what was never opened', () => {
  const cache = new KvCache(1, 4);
  expect(() => cache.view('core', [{ row: 0, slot: 'a' }], nothing)).toThrow("the cache has no stack 'core'");
  cache.open('core', shape, ['a']);
  expect(() => cache.hide('core', 'z', { row: 0, offset: 0, seq: 1 })).toThrow("the cache has no slot 'z'");
});

it('counts rows in powers of two, never more than there are', () => {
  expect([1, 2, 3, 5, 9, 12].map((n) => bucketOf(n, 12))).toEqual([1, 2, 4, 8, 12, 12]);
});
