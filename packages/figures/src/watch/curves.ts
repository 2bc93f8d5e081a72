// What a run's curves are on the page: few enough points to draw, whole enough to judge by.
import type { Run } from '../run.ts';
import { settingsOf } from '../settings.ts';
import { type Curve, curveTable } from '../tables.ts';

/** Points of one run in time order. */
export interface RunCurve {
  readonly id: string;
  readonly points: readonly (readonly [step: number, value: number])[];
}

/** The curve of each run that has one. */
export function curvesOf(runs: readonly (readonly [id: string, run: Run])[], curve: Curve): RunCurve[] {
  return runs.flatMap(([id, run]) => {
    try {
      const rows = curveTable([run], curve, undefined, 200).objects() as { step: number; value: number }[]; // as it makes them
      return [{ id, points: rows.map((r) => [r.step, r.value] as const) }];
    } catch {
      return []; // nothing measured yet
    }
  });
}

/** Settings in which some runs differ, one row a setting, one column a run. */
export function differences(
  runs: readonly (readonly [id: string, run: Run])[],
): { readonly key: string; readonly values: readonly string[] }[] {
  const flat = runs.map(([, run]) => settingsOf(run.config));
  const keys = [...new Set(flat.flatMap((f) => [...f.keys()]))].sort();
  return keys
    .map((key) => ({ key, values: flat.map((f) => String(f.get(key) ?? '')) }))
    .filter(({ values }) => new Set(values).size > 1);
}
