// The numbers a report leads with: for each series its size, its result after every loop and how long it took.
import type { Run } from './run.ts';
import { type LabelOf, seriesOf } from './series.ts';
import { type Estimate, estimate } from './statistics.ts';
import { loopTable, summarise } from './tables.ts';

export interface SummaryRow {
  readonly series: string;
  readonly layers?: number;
  readonly loops: number;
  readonly params?: number;
  readonly seeds: readonly number[];
  /** The quantity after each loop at the last evaluation. */
  readonly perLoop: readonly Estimate[];
  /** The quantity of the evaluation itself, which is that at the trained depth. */
  readonly final: Estimate;
  /** Mean wall time of a run in seconds. */
  readonly seconds?: number;
}

export interface Summary {
  readonly quantity: 'accuracy' | 'bitsPerByte';
  readonly rows: readonly SummaryRow[];
}

/**
 * One row a series, in the order of charts. The quantity is bits per byte where the runs report it, else accuracy.
 * @throws FiguresError where no run has an evaluation
 */
export function summaryOf(runs: readonly Run[], labelOf?: LabelOf): Summary {
  const bytes = runs.some((run) => run.evals.at(-1)?.bitsPerByte !== undefined);
  const quantity = bytes ? 'bitsPerByte' : 'accuracy';
  const bounds = bytes ? undefined : ([0, 1] as const);
  const table = loopTable(runs, labelOf).filter('d => d.last');
  const estimates = summarise(table, ['series', 'loop'], bytes ? 'bits' : 'accuracy', bounds);
  const rows = seriesOf(runs, labelOf).flatMap(({ label, runs: own, loops }): SummaryRow[] => {
    const perLoop = estimates.filter((e) => e.series === label).sort((a, b) => a.loop - b.loop);
    const final = estimate(
      own.map((run) => run.evals.at(-1)?.[quantity] ?? Number.NaN),
      bounds,
    );
    if (final.n === 0) return [];
    const seconds = estimate(own.flatMap((run) => (run.seconds === undefined ? [] : [run.seconds])));
    const [first] = own;
    return [
      {
        series: label,
        ...(first?.layers === undefined ? {} : { layers: first.layers }),
        loops,
        ...(first?.params === undefined ? {} : { params: first.params }),
        seeds: own.map((run) => run.seed).sort((a, b) => a - b),
        perLoop,
        final,
        ...(seconds.n === 0 ? {} : { seconds: seconds.mean }),
      },
    ];
  });
  return { quantity, rows };
}
