// Sample efficiency: after how many updates a learning curve first reaches a level.
import { AnalysisError } from '../analysisError.ts';
import type { Cell, Row, Table } from '../table.ts';

/**
 * One row for each learning curve, which the `by` columns tell apart: `{ ...by, steps }`, the first step at which `value` is at
 * least `threshold`, to the resolution of the evaluations; null where it never is.
 * @param rows one row an evaluation, in any order, with the column `step`
 * @throws AnalysisError where a step occurs twice in a curve
 */
export function stepsToThreshold(
  rows: Table,
  { by, value, threshold }: { readonly by: readonly string[]; readonly value: string; readonly threshold: number },
): Row[] {
  const curves = new Map<string, { of: Record<string, Cell>; steps: Set<Cell>; first: number }>();
  for (const row of rows) {
    const of = Object.fromEntries(by.map((name) => [name, row[name] ?? null]));
    const id = JSON.stringify(of);
    const curve = curves.get(id) ?? { of, steps: new Set(), first: Number.POSITIVE_INFINITY };
    const step = Number(row.step);
    if (curve.steps.has(step))
      throw new AnalysisError(`step ${step} of ${id} occurs twice; tell its curves apart in 'by'`);
    curve.steps.add(step);
    if (Number(row[value]) >= threshold) curve.first = Math.min(curve.first, step);
    curves.set(id, curve);
  }
  return [...curves.values()].map(({ of, first }) => ({ ...of, steps: Number.isFinite(first) ? first : null }));
}
