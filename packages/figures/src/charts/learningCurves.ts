// How a model gets better while it trains.
import type { Chart, ChartOptions } from '../chart.ts';
import type { Run } from '../run.ts';
import { seriesOf } from '../series.ts';
import { intervalInWords } from '../statistics.ts';
import { type Curve, curveTable, type StepRow, summarise } from '../tables.ts';
import { lineSpecs, type MeanPoint, niceDomain, shareDomain, tickFormat } from './lines.ts';
import { inWords, percent } from './perLoop.ts';

export interface CurveOptions extends ChartOptions {
  /** What to follow; by default bits per byte where the runs have it, else accuracy. */
  readonly curve?: Curve;
  /** Accuracy of guessing, drawn as a dotted line when following accuracy. */
  readonly chance?: number;
}

const quantities: Readonly<Record<Curve, { title: string; axis: string; text: string }>> = {
  accuracy: {
    title: 'Accuracy while training',
    axis: 'Held-out accuracy',
    text: 'Share of held-out answers that are right',
  },
  loss: { title: 'Loss while training', axis: 'Held-out loss (nats per token)', text: 'Held-out loss' },
  bitsPerByte: {
    title: 'Bits per byte while training',
    axis: 'Held-out bits per byte',
    text: 'Bits needed for a byte of held-out text',
  },
  trainLoss: { title: 'Training loss', axis: 'Training loss', text: 'Training loss, averaged over stretches of steps' },
};

/**
 * A quantity against training steps; one thick line a series (the mean), one thin line a seed.
 * @throws FiguresError where no run has that quantity
 */
export function learningCurves(runs: readonly Run[], options: CurveOptions = {}): Chart {
  const curve =
    options.curve ??
    (runs.some((run) => run.evals.some((e) => e.bitsPerByte !== undefined)) ? 'bitsPerByte' : 'accuracy');
  const table = curveTable(runs, curve, options.label);
  const rows = table.objects() as StepRow[]; // curveTable's rows
  const means: MeanPoint[] = summarise(table, ['series', 'step'], 'value', curve === 'accuracy' ? [0, 1] : undefined)
    .map(({ step, ...rest }) => ({ ...rest, x: step }))
    .sort((a, b) => a.x - b.x);
  const order = (options.order ?? seriesOf(runs, options.label).map((s) => s.label)).filter((label) =>
    means.some((m) => m.series === label),
  );
  const all = [...rows.map((row) => row.value), ...means.flatMap((m) => [m.lo, m.hi])].filter(Number.isFinite);
  const steps = means.map((m) => m.x);
  const once = new Set(steps).size === 1;
  const share = curve === 'accuracy';
  const domain = options.domain ?? (share ? shareDomain(Math.max(...all)) : niceDomain(all));
  const write = share ? percent : (v: number) => v.toFixed(3);
  const { title, axis, text } = quantities[curve];
  return {
    id: `learning-${curve}`,
    title,
    caption: `${text} against training steps; ${means.some((m) => m.n > 1) ? 'thin lines are seeds, ' : ''}${intervalInWords(means.map((m) => m.n))}.`,
    alt: `Line chart of ${axis.toLowerCase()} against training step. ${inWords(means, order, write)}`,
    legend: order.map((name, color) => ({ name, color })),
    ...lineSpecs({
      means,
      seeds: rows.map((row) => ({ series: row.series, run: row.run, seed: row.seed, x: row.step, y: row.value })),
      order,
      points: once,
      x: { title: 'Training step', domain: [once ? 0 : Math.min(...steps), Math.max(1, ...steps)] },
      y: {
        title: axis,
        format: share ? '.0%' : tickFormat(domain),
        tooltipFormat: share ? '.1%' : '.4f',
        domain,
        write,
      },
      ...(share && options.chance !== undefined
        ? { reference: { at: options.chance, name: `chance ${percent(options.chance)}` } }
        : {}),
    }),
  };
}
