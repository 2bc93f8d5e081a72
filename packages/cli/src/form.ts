// How a command prints what it found: for people, as JSON, or as CSV.
import { UsageError } from './errors.ts';

/** `--json` and `--csv`. */
export const formOptions = {
  json: { type: 'boolean', default: false, describe: 'print JSON' },
  csv: { type: 'boolean', default: false, describe: 'print CSV with a heading' },
} as const;

/** A form of output. */
export type Form = 'text' | 'json' | 'csv';

/** @throws UsageError where both are asked for */
export function formOf({ json, csv }: { readonly json: boolean; readonly csv: boolean }): Form {
  if (json && csv) throw new UsageError('choose one of --json and --csv');
  if (json) return 'json';
  return csv ? 'csv' : 'text';
}
