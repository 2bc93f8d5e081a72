// Checks options against their zod schema and says in one readable error what is wrong and what to do.
import type { z } from 'zod';
import { nearest } from './nearest.ts';

/** Options that cannot be used: the message names each key, what was expected, what was given and the fix. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * `value` with defaults filled in.
 * @param where the dotted path of these options in a study, such as `model`; shown in errors
 * @throws ConfigError with one line for each thing that is wrong
 */
export function parseOptions<S extends z.ZodObject>(where: string, schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const known = Object.keys(schema.shape);
  throw new ConfigError(parsed.error.issues.flatMap((i) => explain(i, where, value, known)).join('\n'));
}

function explain(issue: z.core.$ZodIssue, where: string, value: unknown, known: readonly string[]): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((k) => {
      const near = nearest(k, known);
      const options = known.length === 0 ? 'it takes no options' : `it takes ${known.join(', ')}`;
      return `${where} has no option '${k}'; ${near ? `did you mean '${near}'?` : options}`;
    });
  }
  const path = issue.path.map(String);
  const name = path.at(-1) ?? where;
  const at = [where, ...path].join('.');
  const got = show(path.reduce<unknown>((v, k) => (v as Record<string, unknown> | undefined)?.[k], value)); // any value can be read by key
  const fix = path.length === 0 ? '' : `; set ${at}`;
  switch (issue.code) {
    case 'invalid_type':
      return [`${name} must be ${article(issue.expected)} (got ${got})${fix}`];
    case 'too_small':
      return [`${name} must be ${issue.inclusive ? '>=' : '>'} ${issue.minimum} (got ${got})${fix}`];
    case 'too_big':
      return [`${name} must be ${issue.inclusive ? '<=' : '<'} ${issue.maximum} (got ${got})${fix}`];
    case 'invalid_value':
      return [`${name} must be one of ${issue.values.map((v) => `'${String(v)}'`).join(', ')} (got ${got})${fix}`];
    default:
      return [issue.message];
  }
}

function article(expected: string): string {
  if (expected === 'int') return 'a whole number';
  return `${/^[aeiou]/.test(expected) ? 'an' : 'a'} ${expected}`;
}

function show(x: unknown): string {
  if (x === undefined) return 'nothing';
  if (typeof x === 'number') return String(x);
  const text = JSON.stringify(x) ?? typeof x;
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
