// Checks a task's options against its zod schema and turns what is wrong into one readable error.
import type { z } from 'zod';
import { TaskError } from './task.ts';

/**
 * Options with defaults filled in.
 * @throws TaskError naming each wrong option, what was expected and which options exist.
 */
export function parseOptions<S extends z.ZodObject>(task: string, schema: S, options: unknown): z.output<S> {
  const parsed = schema.safeParse(options ?? {});
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => {
    const at = issue.path.length > 0 ? issue.path.join('.') : 'options';
    const got = issue.code === 'unrecognized_keys' ? '' : ` (got ${show(valueAt(options, issue.path))})`;
    return `  ${at}: ${issue.message}${got}`;
  });
  const known = Object.keys(schema.shape).join(', ');
  throw new TaskError(`task ${task} cannot be made:\n${lines.join('\n')}\n  its options are: ${known}`);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[part]; // any object can be read by key
  }
  return at;
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
