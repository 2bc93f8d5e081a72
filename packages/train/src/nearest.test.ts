import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

test('typing slips find the name that was meant, and nonsense finds none', () => {
  const keys = ['loops', 'layers', 'dModel', 'heads'];
  expect(nearest('loop', keys)).toBe('loops');
  expect(nearest('lopos', keys)).toBe('loops');
  expect(nearest('dmodel', keys)).toBe('dModel');
  expect(nearest('d_model', keys)).toBe('dModel');
  expect(nearest('temperature', keys)).toBeUndefined();
});
