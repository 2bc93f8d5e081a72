// Checks that made-up names never repeat.
import { expect, it } from 'vitest';
import { madeUpName } from './names.ts';

it('names every number differently', () => {
  const names = Array.from({ length: 20_000 }, (_, i) => madeUpName(i));
  expect(new Set(names).size).toBe(20_000);
  expect(names.every((name) => /^[A-Z][a-z]+$/.test(name))).toBe(true);
});
