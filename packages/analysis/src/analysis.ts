// One entry of the registry: what it asks, what a run must have for it, which tables it makes.
import { type AnalysisContext, assertContext } from './context.ts';
import type { Table } from './table.ts';

/**
 * What a run must have. `loops`: more than one loop; `readouts`: the strategy gives them; `chain`: the task has
 * intermediate values.
 */
export type Need = 'loops' | 'readouts' | 'chain';

export interface AnalysisResult {
  /** Rows by table name; the columns are documented in the entry's `tables`. */
  readonly tables: Readonly<Record<string, Table>>;
  /** Sentences for the reader: what the numbers mean, what to be careful with. */
  readonly notes: readonly string[];
  /** Why the analysis does not apply to this run, in one sentence; there are no tables then. */
  readonly skipped?: string;
}

export interface Analysis {
  readonly id: string;
  readonly title: string;
  readonly needs: readonly Need[];
  /** `folder`: of all runs together, and the same for each of them. Absent: of one run. */
  readonly of?: 'folder';
  /** For each table its columns, in order, with what they hold and in which unit. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /**
   * Deterministic in its context. Throws an `AnalysisError` where the input is bad; does not throw where the analysis
   * does not apply.
   */
  run(context: AnalysisContext): Promise<AnalysisResult>;
}

const REASONS: Readonly<Record<Need, (c: AnalysisContext) => string | undefined>> = {
  loops: ({ model }) => (model.loops > 1 ? undefined : 'the model has one loop only'),
  readouts: ({ strategy }) =>
    strategy.gives.includes('readouts') ? undefined : `strategy ${strategy.id} can only be read after its last loop`,
  chain: ({ task }) => (task.chain ? undefined : `task ${task.name} has no intermediate values`),
};

/** A result without tables that says why. */
export function skip(why: string): AnalysisResult {
  return { tables: {}, notes: [], skipped: why };
}

/** An entry whose `run` first checks the context and what the analysis needs. */
export function defineAnalysis(entry: Analysis): Analysis {
  return {
    ...entry,
    run: async (context) => {
      assertContext(context);
      const why = entry.needs.map((need) => REASONS[need](context)).find((reason) => reason !== undefined);
      return why === undefined ? entry.run(context) : skip(`does not apply: ${why}`);
    },
  };
}
