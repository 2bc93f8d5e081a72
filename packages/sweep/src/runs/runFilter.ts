// Which runs: conditions on their numbers and settings, and ids by their first digits.
import { nearest } from '@looplab/core';
import { parseValue } from '@looplab/train';
import { SweepError } from '../errors.ts';
import type { Json } from '../space/point.ts';
import type { RunRow } from './runRow.ts';

type Compare = (a: Json, b: Json) => boolean;

const byNumber =
  (test: (a: number, b: number) => boolean): Compare =>
  (a, b) =>
    typeof a === 'number' && typeof b === 'number' && test(a, b);

/** Longer ones first, so that `>=` is not read as `>`. */
const OPERATORS: readonly (readonly [string, Compare])[] = [
  ['!=', (a, b) => !isSame(a, b)],
  ['>=', byNumber((a, b) => a >= b)],
  ['<=', byNumber((a, b) => a <= b)],
  ['=', isSame],
  ['>', byNumber((a, b) => a > b)],
  ['<', byNumber((a, b) => a < b)],
  ['~', (a, b) => String(a).includes(String(b))],
];

/** The value of a run's field or setting: `loss`, `status`, `model.loops`. */
export function fieldOf(row: RunRow, name: string): Json | undefined {
  const value = name in row ? row[name as keyof RunRow] : row.settings[name];
  return typeof value === 'object' && !Array.isArray(value) ? undefined : (value as Json | undefined); // settings are no value
}

/**
 * The rows that satisfy every condition: `status=failed`, `model.loops>=4`, `variant~plain`.
 * @throws SweepError for a condition that is none, or a field that no run has
 */
export function filterRuns(rows: readonly RunRow[], conditions: readonly string[]): RunRow[] {
  const tests = conditions.map((text) => parseCondition(text, rows));
  return rows.filter((row) => tests.every((test) => test(row)));
}

function parseCondition(text: string, rows: readonly RunRow[]): (row: RunRow) => boolean {
  const places = OPERATORS.flatMap(([operator, compare]) => {
    const at = text.indexOf(operator);
    return at > 0 ? [{ at, operator, compare }] : [];
  });
  const first = places.sort((a, b) => a.at - b.at || b.operator.length - a.operator.length)[0];
  if (first === undefined) {
    const list = OPERATORS.map(([operator]) => operator).join(' ');
    throw new SweepError(
      `'${text}' is no condition; write a field, one of ${list} and a value, such as model.loops>=4`,
    );
  }
  const name = text.slice(0, first.at).trim();
  const value = parseValue(text.slice(first.at + first.operator.length).trim()) as Json; // JSON or text
  assertField(name, rows);
  return (row) => {
    const found = fieldOf(row, name);
    return found === undefined ? first.operator === '!=' : first.compare(found, value);
  };
}

/** @throws SweepError unless some run has the field; without runs, anything goes */
export function assertField(name: string, rows: readonly RunRow[]): void {
  if (rows.length === 0 || rows.some((row) => fieldOf(row, name) !== undefined)) return;
  const known = [...new Set(rows.flatMap((row) => [...Object.keys(row), ...Object.keys(row.settings)]))];
  const close = nearest(
    name,
    known.filter((k) => k !== 'settings'),
  );
  throw new SweepError(`no run has a field ${name}${close === undefined ? '' : `; did you mean ${close}?`}`);
}

/**
 * The run whose id begins with `prefix`.
 * @throws SweepError if there is none or more than one
 */
export function runByPrefix(rows: readonly RunRow[], prefix: string): RunRow {
  const found = rows.filter((row) => row.run.startsWith(prefix));
  const [only, ...more] = found;
  if (only === undefined) throw new SweepError(`there is no run ${prefix}; looplab runs ls lists those there are`);
  if (more.length > 0) {
    const names = found.slice(0, 5).map((row) => `${row.study}/${row.run}`);
    throw new SweepError(`${found.length} runs begin with ${prefix}: ${names.join(', ')}; write more of the id`);
  }
  return only;
}

function isSame(a: Json, b: Json): boolean {
  return a === b || String(a) === String(b);
}
