// Runs as rows of a table: what they are, how far they got and how well they do.
import { type Run, seriesOf } from '@looplab/figures';

/** One row a run, series by series in the order of charts. Quantities that no run has are left out. */
export function runRows(runs: readonly Run[]): object[] {
  const bytes = runs.some((run) => run.evals.some((e) => e.bitsPerByte !== undefined));
  return seriesOf(runs).flatMap(({ label, runs: own }) =>
    own.map((run) => {
      const last = run.evals.at(-1);
      return {
        run: run.id,
        series: label,
        seed: run.seed,
        state: run.state,
        step: run.train.at(-1)?.step ?? last?.step,
        params: run.params,
        accuracy: last?.accuracy,
        ...(bytes ? { 'bits/byte': last?.bitsPerByte } : {}),
        loss: last?.loss,
        seconds: run.seconds === undefined ? undefined : Math.round(run.seconds * 10) / 10,
      };
    }),
  );
}
