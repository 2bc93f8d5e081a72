// key=value settings: how they are read, and what is said about wrong ones.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { OverrideError } from './errors.ts';
import { assertKnown, keysOf, parseOverride, setAt } from './override.ts';
import { type TrainOptions, trainConfig, trainSchema } from './trainConfig.ts';

test('values are JSON, numbers with underscores, or text', () => {
  const value = (text: string): unknown => parseOverride(`a.b=${text}`).value;
  expect(value('4')).toBe(4);
  expect(value('2e-4')).toBe(2e-4);
  expect(value('80_000')).toBe(80_000);
  expect(value('true')).toBe(true);
  expect(value('[1, 2]')).toEqual([1, 2]);
  expect(value('cosine')).toBe('cosine');
  expect(value('')).toBe('');
  expect(value('a=b')).toBe('a=b');
  expect(parseOverride('model.loops=4').path).toEqual(['model', 'loops']);
});

test('what is not a setting is refused', () => {
  for (const text of ['', '=4', 'model.loops', '.loops=4', 'model..loops=4']) {
    expect(() => parseOverride(text), text).toThrow(OverrideError);
  }
});

test('an unknown key names the nearest known one', () => {
  const known = [...keysOf(trainSchema, 'train'), 'model.loops', 'model.layers'];
  const refuse =
    (text: string): (() => void) =>
    () =>
      assertKnown(parseOverride(text), known);
  expect(refuse('model.loops=4')).not.toThrow();
  expect(refuse('model.loop=4')).toThrow('there is no setting model.loop; did you mean model.loops?');
  expect(refuse('train.learningrate=4')).toThrow(OverrideError);
  expect(refuse('train=4')).toThrow(/train is a group of settings; set one of train.steps/);
  expect(refuse('qqqqqqqqqqqqqqqqqqqqqqqqqqq=4')).toThrow('settings begin with train, model');
});

test('a wrong type is named with what is expected and what was given', () => {
  const parse = (input: object) => trainConfig(input as TrainOptions);
  expect(() => parse({ steps: 'many', batch: 8 })).toThrow('steps must be a number (got "many"); set train.steps');
  expect(() => parse({ steps: 5.5, batch: 8 })).toThrow('steps must be a whole number (got 5.5); set train.steps');
  expect(() => parse({ steps: 5, batch: 0 })).toThrow('batch must be >= 1 (got 0); set train.batch');
  expect(() => parse({ steps: 5, batch: 1, schedule: 'linear' })).toThrow(
    "schedule must be one of 'cosine', 'constant'",
  );
  expect(() => parse({ steps: 5, batch: 1, warmpu: 3 })).toThrow(
    "train has no option 'warmpu'; did you mean 'warmup'?",
  );
  expect(() => parse({ steps: 5, batch: 4, microBatches: 3 })).toThrow('train.microBatches must divide train.batch');
  expect(parse({ steps: 5, batch: 1 })).toMatchObject({ beta2: 0.95, schedule: 'cosine' });
});

test('every training setting says what it is for', () => {
  for (const [key, schema] of Object.entries(trainSchema.shape)) expect(schema.description, key).toBeTruthy();
});

test('setting a value leaves the rest and the original alone', () => {
  const path = fc.array(fc.stringMatching(/^[a-c]$/), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(path, path, (p, q) => {
      const first = setAt({ z: { y: 1 } }, p, 'p');
      const copy = structuredClone(first);
      const second = setAt(first, q, 'q');
      expect(first).toEqual(copy);
      expect(q.reduce<unknown>((o, k) => (o as Record<string, unknown>)[k], second)).toBe('q');
      expect(second.z).toEqual({ y: 1 });
    }),
  );
  expect(z.strictObject({ a: z.number() }).parse(setAt({}, ['a'], 1))).toEqual({ a: 1 });
});
