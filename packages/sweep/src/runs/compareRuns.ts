// Runs side by side: the settings in which they differ, and what came out.
import type { Json } from '../space/point.ts';
import type { RunRow } from './runRow.ts';

/** A setting that is not the same in all of several runs; undefined where a run has none. */
export interface Difference {
  readonly key: string;
  readonly values: readonly (Json | undefined)[];
}

/** The settings in which runs differ, in the order of the first run's configuration. */
export function diffRuns(rows: readonly RunRow[]): Difference[] {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row.settings)))];
  return keys
    .map((key) => ({ key, values: rows.map((row) => row.settings[key]) }))
    .filter(({ values }) => new Set(values.map((v) => JSON.stringify(v))).size > 1);
}
