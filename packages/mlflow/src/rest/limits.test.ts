// Batches of any size within the server's limits, nothing lost and in order; keys that every server takes.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { batches, safeKey, wireNumber } from './limits.ts';

const pair = fc.record({ key: fc.string({ maxLength: 250 }), value: fc.string({ maxLength: 8000, unit: 'grapheme' }) });
const metric = fc.record({
  key: fc.string({ maxLength: 250 }),
  value: fc.double().map(wireNumber),
  timestamp: fc.nat(),
  step: fc.nat(),
});

it('cuts any amount into batches within the limits', () => {
  const many = <T>(entry: fc.Arbitrary<T>, most: number) =>
    fc.tuple(entry, fc.nat(most)).map(([e, n]) => Array<T>(n).fill(e));
  fc.assert(
    fc.property(many(pair, 350), many(metric, 3500), many(pair, 350), (params, metrics, tags) => {
      const made = batches({ params, metrics, tags });
      expect(made.flatMap((b) => b.params)).toEqual(params);
      expect(made.flatMap((b) => b.metrics)).toEqual(metrics);
      expect(made.flatMap((b) => b.tags)).toEqual(tags);
      for (const b of made) {
        expect(b.params.length).toBeLessThanOrEqual(100);
        expect(b.tags.length).toBeLessThanOrEqual(100);
        expect(b.params.length + b.metrics.length + b.tags.length).toBeLessThanOrEqual(1000);
        expect(b.params.length + b.metrics.length + b.tags.length).toBeGreaterThan(0);
        expect(Buffer.byteLength(JSON.stringify({ run_id: '0'.repeat(256), ...b }))).toBeLessThanOrEqual(1_000_000);
      }
    }),
    { numRuns: 60 },
  );
});

it('puts tags after everything else', () => {
  const tag = { key: 'mark', value: '1' };
  const metrics = Array.from({ length: 1000 }, (_, step) => ({ key: 'm', value: 0, timestamp: 0, step }));
  const made = batches({ params: [], metrics, tags: [tag] });
  expect(made.map((b) => [b.metrics.length, b.tags.length])).toEqual([
    [1000, 0],
    [0, 1],
  ]);
});

it.each([
  ['train/loss', 'train/loss'],
  ['a:b%c', 'a_b_c'],
  ['/a//b/', 'a/b'],
  ['a/../b/.', 'a/_/b/_'],
  ['λ_1', 'λ_1'],
  ['', '_'],
  ['x'.repeat(300), 'x'.repeat(250)],
])('the key %s becomes %s', (key, safe) => {
  expect(safeKey(key)).toBe(safe);
});

it('gives keys that MLflow accepts, and leaves those alone', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 400, unit: 'grapheme' }), (key) => {
      const safe = safeKey(key);
      expect(safe).toMatch(/^[\p{L}\p{N}_\-. /]+$/u);
      expect([...safe].length).toBeLessThanOrEqual(250);
      expect(safe.split('/').some((part) => ['', '.', '..'].includes(part))).toBe(false);
      expect(safeKey(safe)).toBe(safe);
    }),
  );
});
