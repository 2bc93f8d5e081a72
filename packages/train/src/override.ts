// `key=value` settings from a command line, checked against the schemas they set.
import { nearest } from '@looplab/core';
import { z } from 'zod';
import { OverrideError } from './errors.ts';

/** One setting: `model.loops=4` is `{ path: ['model', 'loops'], value: 4 }`. */
export interface Override {
  readonly path: readonly string[];
  readonly value: unknown;
  /** As it was typed. */
  readonly text: string;
}

/**
 * Reads `a.b=value`; the value as {@link parseValue} does.
 * @throws OverrideError if there is no `=` or no key
 */
export function parseOverride(text: string): Override {
  const at = text.indexOf('=');
  const path = text.slice(0, at).trim().split('.');
  if (at < 1 || path.some((part) => part === '')) {
    throw new OverrideError(`'${text}' is not a setting; write key=value, such as model.loops=4`);
  }
  return { path, value: parseValue(text.slice(at + 1).trim()), text };
}

/** A value as typed: JSON where it parses as JSON, a number where it has underscores (`80_000`), else text. */
export function parseValue(text: string): unknown {
  const number = /^-?\d[\d_]*(\.\d+)?$/.test(text) ? text.replaceAll('_', '') : text;
  try {
    return JSON.parse(number);
  } catch {
    return text;
  }
}

/** A copy of `target` with `value` at `path`; objects on the way are made as needed. */
export function setAt(
  target: Readonly<Record<string, unknown>>,
  path: readonly string[],
  value: unknown,
): Record<string, unknown> {
  const [head, ...rest] = path;
  if (head === undefined) return { ...target };
  if (rest.length === 0) return { ...target, [head]: value };
  const inner = target[head];
  const record = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : {};
  return { ...target, [head]: setAt(record as Record<string, unknown>, rest, value) }; // plain objects only, see above
}

/** Every key that a schema knows, with `prefix` before it; nested objects give `a.b`. */
export function keysOf(schema: z.ZodObject, prefix: string): string[] {
  return Object.entries(schema.shape).flatMap(([key, inner]) => {
    const name = `${prefix}.${key}`;
    return inner instanceof z.ZodObject ? keysOf(inner, name) : [name];
  });
}

/** @throws OverrideError naming the nearest known key if `override` sets none of `known` */
export function assertKnown(override: Override, known: readonly string[]): void {
  const key = override.path.join('.');
  if (known.includes(key)) return;
  const inside = known.filter((k) => k.startsWith(`${key}.`));
  if (inside.length > 0) {
    throw new OverrideError(`${key} is a group of settings; set one of ${inside.join(', ')}`);
  }
  const close = nearest(key, known);
  const tops = [...new Set(known.map((k) => k.split('.')[0]))].join(', ');
  throw new OverrideError(
    `there is no setting ${key}; ${close === undefined ? `settings begin with ${tops}` : `did you mean ${close}?`}`,
  );
}
