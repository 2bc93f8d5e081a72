// Rows as CSV: a column for each number, and one for each setting of any of them.
import { from } from 'arquero';
import type { RunRow } from './runRow.ts';

/** Runs as CSV with a heading; settings come last, by their dotted keys. */
export function rowsCsv(rows: readonly RunRow[]): string {
  const fields = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => name !== 'settings');
  const settings = [...new Set(rows.flatMap((row) => Object.keys(row.settings)))];
  const flat = rows.map((row) => ({
    ...Object.fromEntries(fields.map((name) => [name, row[name as keyof RunRow] ?? null])), // names of a row's own fields
    ...Object.fromEntries(settings.filter((key) => !fields.includes(key)).map((key) => [key, text(row.settings[key])])),
  }));
  return rows.length === 0 ? '' : from(flat).toCSV();
}

function text(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (value ?? null);
}
