// Arquero tables of what runs measured: one row a measurement, then summarised over seeds.
import { type ColumnTable, from, op, escape as outside } from 'arquero';
import { FiguresError, type Run } from './run.ts';
import { type LabelOf, seriesOf } from './series.ts';
import { type Estimate, estimate } from './statistics.ts';

/** A measurement of one run after one loop at one evaluation. */
export interface LoopRow {
  readonly series: string;
  readonly run: string;
  readonly seed: number;
  readonly step: number;
  /** From 1. */
  readonly loop: number;
  readonly loops: number;
  readonly accuracy: number;
  /** Nats per token. */
  readonly loss: number;
  /** Loss in bits a symbol; a byte where the evaluation counts bits per byte. */
  readonly bits: number;
  /** Probability of leaving after this loop. */
  readonly exit: number;
  /** Whether this is the run's last evaluation. */
  readonly last: boolean;
}

/** A measurement of one run at one step. */
export interface StepRow {
  readonly series: string;
  readonly run: string;
  readonly seed: number;
  readonly step: number;
  readonly value: number;
}

/** What can be followed over training: held-out quantities, or the training loss averaged over stretches of steps. */
export type Curve = 'accuracy' | 'loss' | 'bitsPerByte' | 'trainLoss';

/** One row for every run, evaluation and loop. */
export function loopTable(runs: readonly Run[], labelOf?: LabelOf): ColumnTable {
  const rows: LoopRow[] = seriesOf(runs, labelOf).flatMap((series) =>
    series.runs.flatMap((run) =>
      run.evals.flatMap((point) => {
        const loops = Math.max(point.accuracyPerLoop.length, point.lossPerLoop.length, point.exitDistribution.length);
        const bytesPerSymbol = point.loss / Math.LN2 / (point.bitsPerByte ?? Number.NaN) || 1; // NaN where nothing says it
        return Array.from({ length: loops }, (_, t) => ({
          series: series.label,
          run: run.id,
          seed: run.seed,
          step: point.step,
          loop: t + 1,
          loops,
          accuracy: point.accuracyPerLoop[t] ?? Number.NaN,
          loss: point.lossPerLoop[t] ?? Number.NaN,
          bits: (point.lossPerLoop[t] ?? Number.NaN) / Math.LN2 / bytesPerSymbol,
          exit: point.exitDistribution[t] ?? Number.NaN,
          last: point === run.evals.at(-1),
        }));
      }),
    ),
  );
  if (rows.length === 0)
    throw new FiguresError('no run has an evaluation yet; wait for the first one, or train for longer');
  return from(rows);
}

/** One row for every run and step at which the quantity was measured; training losses are averaged over `bins` stretches. */
export function curveTable(runs: readonly Run[], curve: Curve, labelOf?: LabelOf, bins = 60): ColumnTable {
  const rows: StepRow[] = seriesOf(runs, labelOf).flatMap((series) =>
    series.runs.flatMap((run) => {
      const points =
        curve === 'trainLoss'
          ? trainLoss(run, bins)
          : run.evals.map((e) => ({ step: e.step, value: e[curve] ?? Number.NaN }));
      return points
        .filter((point) => Number.isFinite(point.value))
        .map((point) => ({ series: series.label, run: run.id, seed: run.seed, ...point }));
    }),
  );
  if (rows.length === 0)
    throw new FiguresError(`no run has ${curve} over time; choose another curve or train for longer`);
  return from(rows);
}

function trainLoss(run: Run, bins: number): { step: number; value: number }[] {
  const last = run.train.at(-1)?.step ?? 0;
  const width = Math.max(1, Math.ceil((last + 1) / bins));
  const sums = new Map<number, { sum: number; n: number }>();
  for (const { step, loss } of run.train) {
    if (!Number.isFinite(loss)) continue;
    const bin = Math.floor(step / width);
    const { sum, n } = sums.get(bin) ?? { sum: 0, n: 0 };
    sums.set(bin, { sum: sum + loss, n: n + 1 });
  }
  return [...sums].map(([bin, { sum, n }]) => ({ step: Math.min(last, (bin + 0.5) * width), value: sum / n }));
}

/** Mean and interval of column `value` over the rows that agree in `by`; groups without a finite value are left out. */
export function summarise<K extends string>(
  table: ColumnTable,
  by: readonly K[],
  value: string,
  bounds?: readonly [number, number],
): (Record<K, string & number> & Estimate)[] {
  const rows = table
    .groupby(...by)
    .rollup({ values: op.array_agg(value) })
    .derive({ estimate: outside((d: { values: number[] }) => estimate(d.values, bounds)) })
    .objects() as (Record<K, string & number> & { estimate: Estimate })[]; // by-columns come out as they went in
  return rows
    .map(({ estimate: e, ...row }) => {
      const { values: _, ...keys } = row as Record<string, unknown>;
      return { ...keys, ...e } as Record<K, string & number> & Estimate;
    })
    .filter((row) => row.n > 0);
}
