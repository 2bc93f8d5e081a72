// The charts that a set of runs can give.
import type { Chart, ChartOptions } from '../chart.ts';
import { FiguresError, type Run } from '../run.ts';
import { exitDistribution } from './exitDistribution.ts';
import { learningCurves } from './learningCurves.ts';
import { accuracyPerLoop, bitsPerBytePerLoop } from './perLoop.ts';

/**
 * The result after each loop, the learning curves and the exit distribution, as far as the runs have them.
 * @throws FiguresError where they have none
 */
export function defaultCharts(
  runs: readonly Run[],
  options: ChartOptions & { readonly chance?: number } = {},
): Chart[] {
  const bytes = runs.some((run) => run.evals.some((e) => e.bitsPerByte !== undefined));
  const makers = [
    () => (bytes ? bitsPerBytePerLoop(runs, options) : accuracyPerLoop(runs, options)),
    () => learningCurves(runs, options),
    () => exitDistribution(runs, options),
  ];
  const missing: string[] = [];
  const charts = makers.flatMap((make) => {
    try {
      return [make()];
    } catch (error) {
      if (!(error instanceof FiguresError)) throw error;
      missing.push(error.message);
      return [];
    }
  });
  if (charts.length === 0) throw new FiguresError(`the runs give no chart: ${missing.join('; ')}`);
  return charts;
}
