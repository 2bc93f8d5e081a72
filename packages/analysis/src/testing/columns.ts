// Holds the tables of an analysis to the columns its entry documents.
import { expect } from 'vitest';
import type { Analysis, AnalysisResult } from '../analysis.ts';

/** Every table is documented, and every row has exactly the documented columns, in order. */
export function expectDocumented(entry: Analysis, result: AnalysisResult): void {
  for (const [name, rows] of Object.entries(result.tables)) {
    const columns = Object.keys(entry.tables[name] ?? {});
    expect(columns, `${entry.id}: columns of ${name}`).not.toEqual([]);
    for (const row of rows) expect(Object.keys(row), `${entry.id}: a row of ${name}`).toEqual(columns);
  }
}
